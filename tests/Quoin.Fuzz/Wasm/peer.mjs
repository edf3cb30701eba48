// Runs modules in Node for comparison: a line of JSON in, {module, calls: [{name, arguments}]}, a line out: what each
// call gave or why it trapped, and a hash of the memory.
import { createInterface } from 'node:readline';

const traps = [
  ['unreachable', 'Unreachable'],
  ['memory access out of bounds', 'MemoryOutOfBounds'],
  ['divide by zero', 'DivisionByZero'],
  ['remainder by zero', 'DivisionByZero'],
  ['divide result unrepresentable', 'Unrepresentable'],
  ['float unrepresentable in integer range', 'Unrepresentable'],
  ['table index is out of bounds', 'Indirect'],
  ['null function or function signature mismatch', 'Indirect'],
];

const buffer = new DataView(new ArrayBuffer(8));

// Results are told apart by their type: f0's results are named in the request.
function show(value, kind) {
  if (kind === 'F32') {
    if (Number.isNaN(value)) return 'nan';
    buffer.setFloat32(0, value);
    return buffer.getUint32(0).toString(16);
  }
  if (kind === 'F64') {
    if (Number.isNaN(value)) return 'nan';
    buffer.setFloat64(0, value);
    return buffer.getBigUint64(0).toString(16);
  }
  return value.toString();
}

function call(exports, { name, arguments: values, results }) {
  exports.counter.value = 200;
  try {
    const given = exports[name](...values.map(([kind, text]) => (kind === 'I64' ? BigInt(text) : Number(text))));
    const all = results.length === 0 ? [] : results.length === 1 ? [given] : given;
    return all.map((value, i) => show(value, results[i])).join(',');
  } catch (error) {
    const known = traps.find(([text]) => error.message.includes(text));
    return known ? `trap ${known[1]}` : `${error.name}: ${error.message}`;
  }
}

function hash(memory) {
  let value = 0x811c9dc5;
  for (const word of new Uint32Array(memory.buffer)) value = Math.imul(value ^ word, 0x01000193);
  return (value >>> 0).toString(16);
}

for await (const line of createInterface({ input: process.stdin })) {
  const { module, calls } = JSON.parse(line);
  let answer;
  try {
    const instance = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(module, 'base64')));
    answer = calls.map((one) => call(instance.exports, one));
    answer.push(hash(instance.exports.memory));
  } catch (error) {
    answer = [`${error.name}: ${error.message}`];
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
