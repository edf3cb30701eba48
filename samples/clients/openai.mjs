// The official OpenAI client, pointed at Quoin: node openai.mjs
import OpenAI from 'openai';

const address = process.env.QUOIN_URL ?? 'http://127.0.0.1:8080';
const model = process.env.QUOIN_MODEL ?? 'sim';
const client = new OpenAI({ baseURL: `${address}/v1`, apiKey: 'unused' });
const messages = [{ role: 'user', content: 'Say hello.' }];

const answer = await client.chat.completions.create({ model, messages });
console.log(answer.choices[0].message.content);
console.log(`${answer.usage.prompt_tokens} tokens in, ${answer.usage.completion_tokens} out`);

for await (const chunk of await client.chat.completions.create({ model, messages, stream: true })) {
  process.stdout.write(chunk.choices[0]?.delta.content ?? '');
}
console.log();

const response = await client.responses.create({ model, input: 'Say hello.' });
console.log(response.output_text);
