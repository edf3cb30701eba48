// A module in AssemblyScript. hello(n) writes a greeting into the module's memory, n times, and answers how many bytes
// it wrote; greeting() tells where.
const text = new StaticArray<u8>(4096);

export function greeting(): usize {
  return changetype<usize>(text);
}

export function hello(times: i32): i32 {
  const line = String.UTF8.encode('hello from AssemblyScript\n');
  const bytes = Uint8Array.wrap(line);
  let length = 0;
  for (let i = 0; i < times; i++) {
    for (let j = 0; j < bytes.length && length < text.length; j++) text[length++] = bytes[j];
  }
  return length;
}
