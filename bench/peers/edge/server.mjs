// Node's own servers for bench/peers/edge/run: node server.mjs PORT TLS-PORT FOLDER
import { createReadStream, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { createSecureServer } from 'node:http2';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';

const [port, tlsPort, folder] = process.argv.slice(2);

function answer(request, response) {
  if (request.url === '/plaintext') {
    response.writeHead(200, { 'content-type': 'text/plain', 'content-length': 13 });
    response.end('Hello, World!');
  } else if (request.url === '/json') {
    const body = JSON.stringify({ message: 'Hello, World!' });
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  } else if (/^\/static\/[a-z0-9.]+$/.test(request.url)) {
    const file = join(folder, request.url);
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': statSync(file).size });
    createReadStream(file).pipe(response);
  } else {
    response.writeHead(404);
    response.end();
  }
}

const plain = createServer({ keepAliveTimeout: 300_000 }, answer);
new WebSocketServer({ server: plain, path: '/ws' }).on('connection', (socket) => {
  socket.on('message', (message, isBinary) => socket.send(message, { binary: isBinary }));
});
plain.listen({ port: Number(port), host: '127.0.0.1', backlog: 4096 });
createSecureServer(
  {
    allowHTTP1: true,
    cert: readFileSync(join(folder, 'certificate.pem')),
    key: readFileSync(join(folder, 'key.pem')),
  },
  answer,
).listen({ port: Number(tlsPort), host: '127.0.0.1', backlog: 4096 });
