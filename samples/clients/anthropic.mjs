// The official Anthropic client, pointed at Quoin: node anthropic.mjs
import Anthropic from '@anthropic-ai/sdk';

const address = process.env.QUOIN_URL ?? 'http://127.0.0.1:8080';
const model = process.env.QUOIN_MODEL ?? 'sim';
const client = new Anthropic({ baseURL: address, apiKey: 'unused' });
const request = { model, max_tokens: 200, messages: [{ role: 'user', content: 'Say hello.' }] };

const message = await client.messages.create(request);
console.log(message.content[0].text);
console.log(`${message.usage.input_tokens} tokens in, ${message.usage.output_tokens} out`);

const stream = client.messages.stream(request);
stream.on('text', (text) => process.stdout.write(text));
const last = await stream.finalMessage();
console.log(`\nended by ${last.stop_reason}`);
