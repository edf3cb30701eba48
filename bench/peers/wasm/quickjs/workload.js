// Runs inside QuickJS: objects, closures, numbers, strings, regular expressions, JSON, sorting. Answers a checksum.
(() => {
  let sum = 0;
  const bodies = Array.from({ length: 5 }, (_, i) => ({ x: i, y: i * 2, vx: 0.01 * i, vy: 0.02, mass: 1 + i }));
  for (let step = 0; step < 1500; step++) {
    for (const a of bodies) {
      for (const b of bodies) {
        if (a === b) continue;
        const dx = b.x - a.x, dy = b.y - a.y, pull = b.mass / (dx * dx + dy * dy + 1);
        a.vx += dx * pull * 0.001;
        a.vy += dy * pull * 0.001;
      }
      a.x += a.vx;
      a.y += a.vy;
    }
  }
  for (const body of bodies) sum += Math.round(body.x * 1000) % 1000;

  let seed = 42;
  const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648);
  const rows = Array.from({ length: 3000 }, (_, i) => ({ id: i, key: random() % 1000, name: `row ${random() % 97}` }));
  rows.sort((a, b) => a.key - b.key || a.id - b.id);
  sum += rows[1500].id;

  const text = JSON.stringify(rows);
  const back = JSON.parse(text);
  sum += back.length + text.length;
  const words = new Map();
  for (const word of text.match(/[a-z]+|\d+/g)) words.set(word, (words.get(word) ?? 0) + 1);
  sum += words.size;
  sum += text.replace(/row (\d+)/g, (_, number) => `r${number}`).length;

  const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
  sum += fib(21);

  const sieve = new Uint8Array(60000);
  for (let i = 2; i < sieve.length; i++) {
    if (sieve[i]) continue;
    sum++;
    for (let j = i * 2; j < sieve.length; j += i) sieve[j] = 1;
  }
  return sum;
})();
