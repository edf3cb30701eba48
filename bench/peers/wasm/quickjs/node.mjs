// Runs the workload in QuickJS in Node: node.mjs MODULE WORKLOAD RUNS; prints "quickjs median-ms result" as node.mjs
// beside it does. What QuickJS imports is as poor as in Kernels/QuickJs.cs: a clock that stands still, and memory.
import { readFileSync } from 'node:fs';

const [file, workload, runs] = process.argv.slice(2);
const memory = new WebAssembly.Memory({ initial: 256, maximum: 1024 });
const imports = { a: memory };
for (const name of 'bcdefghijlmnoqrst') imports[name] = () => 0;
imports.p = () => 1.7e12;
imports.k = (bytes) => {
  try {
    memory.grow(Math.ceil((bytes - memory.buffer.byteLength) / 65536));
    return 1;
  } catch {
    return 0;
  }
};
const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), { a: imports });
exports.u();
const write = (bytes) => {
  const at = exports.v(bytes.length + 1);
  new Uint8Array(memory.buffer).set([...bytes, 0], at);
  return at;
};
const context = exports.N(exports.K(), 0);
const source = readFileSync(workload);
const [code, name] = [write(source), write(Buffer.from('workload.js'))];
const times = [];
let result = 0;
for (let i = 0; i < Number(runs) + 2; i++) {
  const start = performance.now();
  const value = exports.pa(context, code, source.length, name, 0, 0);
  if (i >= 2) times.push(performance.now() - start);
  result = exports.Z(context, value);
  exports.P(context, value);
}
times.sort((a, b) => a - b);
console.log('quickjs', times[times.length >> 1].toFixed(3), result);
