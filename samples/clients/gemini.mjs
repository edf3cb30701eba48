// The official Google client, pointed at Quoin: node gemini.mjs
import { GoogleGenAI } from '@google/genai';

const address = process.env.QUOIN_URL ?? 'http://127.0.0.1:8080';
const model = process.env.QUOIN_MODEL ?? 'sim';
const client = new GoogleGenAI({ apiKey: 'unused', httpOptions: { baseUrl: address } });

const answer = await client.models.generateContent({ model, contents: 'Say hello.' });
console.log(answer.text);
console.log(`${answer.usageMetadata.promptTokenCount} tokens in, ${answer.usageMetadata.candidatesTokenCount} out`);

for await (const chunk of await client.models.generateContentStream({ model, contents: 'Say hello.' })) {
  process.stdout.write(chunk.text ?? '');
}
console.log();
