// Tries a WebSocket echo server with the client of npm `ws`; a line of JSON for each thing that went as it should.
import WebSocket from 'ws';

const [, , address] = process.argv;
const done = (name) => console.log(JSON.stringify({ case: name, ok: true }));

const open = (options, protocols = []) => new Promise((resolve, reject) => {
  const socket = new WebSocket(address, protocols, options);
  socket.once('open', () => resolve(socket));
  socket.once('close', (code, reason) => console.error(`closed: ${code} ${reason}`));
  socket.once('error', reject);
});
const next = (socket, event) => new Promise((resolve) => {
  socket.once(event, (...values) => resolve(values));
});
const check = (holds, what) => { if (!holds) throw new Error(what); };

for (const perMessageDeflate of [false, true]) {
  const socket = await open({ perMessageDeflate }, ['other', 'echo']);
  check(socket.protocol === 'echo', 'the sub-protocol');
  check(socket.extensions.includes('permessage-deflate') === perMessageDeflate, 'the extension');
  for (const length of [0, 1, 125, 126, 1023, 1024, 65535, 65536, 700000]) {
    const text = 'grüße '.repeat(length).slice(0, length);
    const echoed = next(socket, 'message');
    socket.send(text);
    const [data, isBinary] = await echoed;
    check(!isBinary && data.toString() === text, `a text of ${length}`);
    const bytes = Buffer.alloc(length, 7);
    const returned = next(socket, 'message');
    socket.send(bytes);
    const [binary, wasBinary] = await returned;
    check(wasBinary && binary.equals(bytes), `${length} bytes`);
  }
  const ponged = next(socket, 'pong');
  socket.ping('are you there');
  check((await ponged)[0].toString() === 'are you there', 'the pong');
  const closed = next(socket, 'close');
  socket.close(4002, 'done');
  const [code] = await closed;
  check(code === 4002, `the close: ${code}`);
  done(perMessageDeflate ? 'compressed' : 'plain');
}

{
  const socket = await open({});
  const closed = next(socket, 'close');
  socket.send('x'.repeat(2 * 1024 * 1024));
  const [code, reason] = await closed;
  check(code === 1009, `too big: ${code} ${reason}`);
  done('too big');
}

{
  const socket = await open({});
  const pieces = Array.from({ length: 100 }, (_, i) => `${i},`);
  const echoed = next(socket, 'message');
  pieces.forEach((piece, i) => socket.send(piece, { fin: i === pieces.length - 1, binary: false }));
  check((await echoed)[0].toString() === pieces.join(''), 'the fragments');
  socket.terminate();
  done('fragments');
}
