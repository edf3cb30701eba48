// Runs the kernels in Node: node.mjs MODULE RUNS NAME=ARGUMENT…; prints "name median-ms result".
import { readFileSync } from 'node:fs';

const [file, runs, ...kernels] = process.argv.slice(2);
const module = new WebAssembly.Module(readFileSync(file));
for (const kernel of kernels) {
  const [name, argument] = kernel.split('=');
  const run = new WebAssembly.Instance(module).exports[name];
  const times = [];
  let result = 0;
  for (let i = 0; i < Number(runs) + 2; i++) {
    const start = performance.now();
    result = run(Number(argument));
    if (i >= 2) times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  console.log(name, times[times.length >> 1].toFixed(3), result);
}
