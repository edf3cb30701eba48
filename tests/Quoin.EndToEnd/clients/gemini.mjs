import { GoogleGenAI } from '@google/genai';
import {
  answer, everything, faultCases, hello, person, personSchema, run, system, toolDescription, toolResult, toolSchema,
  weather,
} from './cases.mjs';

// The mock serves v1beta only; everyone else gets what the client takes by itself.
const apiVersion = process.env.GEMINI_API_VERSION;
const client = (base) => new GoogleGenAI(
  { apiKey: 'test-key', ...apiVersion ? { apiVersion } : {}, httpOptions: { baseUrl: base, timeout: 30_000 } });

const tools = [{
  functionDeclarations: [{ name: 'get_weather', description: toolDescription, parametersJsonSchema: toolSchema }],
}];

const parts = (response) => response.candidates?.[0]?.content?.parts ?? [];

function fromParts(all, finish, usage) {
  return answer({
    text: all.filter((p) => p.text && !p.thought).map((p) => p.text).join(''),
    tools: all.filter((p) => p.functionCall).map((p) => ({ name: p.functionCall.name, args: p.functionCall.args })),
    finish,
    input: usage?.promptTokenCount, output: usage?.candidatesTokenCount,
  });
}

async function send(base, model, contents, config) {
  const response = await client(base).models.generateContent({ model, contents, config });
  return fromParts(parts(response), response.candidates?.[0]?.finishReason, response.usageMetadata);
}

async function stream(base, model, contents, config) {
  const all = [];
  let finish;
  let usage;
  for await (const chunk of await client(base).models.generateContentStream({ model, contents, config })) {
    all.push(...parts(chunk));
    finish = chunk.candidates?.[0]?.finishReason ?? finish;
    usage = chunk.usageMetadata ?? usage;
  }
  return fromParts(all, finish, usage);
}

const brief = { systemInstruction: system };

const cases = {
  'chat': (base, model) => send(base, model, hello, { ...brief, temperature: 0.5, maxOutputTokens: 64 }),
  'chat streamed': (base, model) => stream(base, model, hello, brief),
  'tools': (base, model) => send(base, model, weather, { tools }),
  'tools streamed': (base, model) => stream(base, model, weather, { tools }),
  'tool results': async (base, model) => {
    const first = await client(base).models.generateContent({ model, contents: weather, config: { tools } });
    const results = first.functionCalls.map(({ id, name }) => (
      { functionResponse: { ...id ? { id } : {}, name, response: JSON.parse(toolResult) } }));
    return send(base, model, [
      { role: 'user', parts: [{ text: weather }] }, first.candidates[0].content, { role: 'user', parts: results },
    ], { tools });
  },
  'length': (base, model) => send(base, model, everything, { maxOutputTokens: 3 }),
  'json schema': (base, model) =>
    send(base, model, person, { responseMimeType: 'application/json', responseJsonSchema: personSchema }),
  'embeddings': async (base, model) => {
    const result = await client(base).models.embedContent({ model, contents: ['embed me', 'embed me too'] });
    return { ok: true, vectors: result.embeddings.map((e) => e.values) };
  },
  ...faultCases((base, model, text) => send(base, model, text), (base, model, text) => stream(base, model, text)),
};

await run(cases);
