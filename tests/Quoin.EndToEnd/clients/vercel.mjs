// The Vercel AI SDK with its OpenAI (Responses and Chat), Anthropic and Google providers.
import { createAnthropic } from '@ai-sdk/anthropic';
import { createGoogleGenerativeAI } from '@ai-sdk/google';
import { createOpenAI } from '@ai-sdk/openai';
import { generateObject, generateText, jsonSchema, streamText, tool } from 'ai';
import {
  answer, faultCases, hello, person, personSchema, run, system, toolDescription, toolSchema, weather,
} from './cases.mjs';

globalThis.AI_SDK_LOG_WARNINGS = false;

const apiKey = 'test-key';
const sdks = {
  'chat': (base, model) => createOpenAI({ baseURL: `${base}/v1`, apiKey }).chat(model),
  'responses': (base, model) => createOpenAI({ baseURL: `${base}/v1`, apiKey }).responses(model),
  'anthropic': (base, model) => createAnthropic({ baseURL: `${base}/v1`, apiKey })(model),
  'google': (base, model) => createGoogleGenerativeAI({ baseURL: `${base}/v1beta`, apiKey })(model),
};

const tools = { get_weather: tool({ description: toolDescription, inputSchema: jsonSchema(toolSchema) }) };
const options = { maxRetries: 0 };

const report = async (result) => answer({
  text: await result.text,
  tools: (await result.toolCalls).map((c) => ({ name: c.toolName, args: c.input })),
  finish: await result.finishReason,
  input: (await result.usage).inputTokens, output: (await result.usage).outputTokens,
});

async function streamed(request) {
  let problem;
  const result = streamText({ ...options, ...request, onError: ({ error }) => { problem = error; } });
  for await (const part of result.fullStream) {
    if (part.type === 'error') problem = part.error;
  }
  if (problem) throw problem instanceof Error ? problem : Object.assign(new Error(JSON.stringify(problem)), problem);
  return report(result);
}

const cases = {};
for (const [sdk, open] of Object.entries(sdks)) {
  const add = (name, act) => { cases[`${sdk} ${name}`] = (base, model, text) => act(open(base, model), text); };
  add('text', async (model) => report(await generateText({ ...options, model, system, prompt: hello })));
  add('text streamed', (model) => streamed({ model, system, prompt: hello }));
  add('tools', async (model) => report(await generateText({ ...options, model, tools, prompt: weather })));
  add('tools streamed', (model) => streamed({ model, tools, prompt: weather }));
  add('object', async (model) => {
    const result = await generateObject({ ...options, model, schema: jsonSchema(personSchema), prompt: person });
    return { ok: true, object: result.object };
  });
  const faults = faultCases(
    async (base, model, prompt) => report(await generateText({ ...options, model: open(base, model), prompt })),
    (base, model, prompt) => streamed({ model: open(base, model), prompt }));
  for (const [name, act] of Object.entries(faults)) cases[`${sdk} ${name}`] = act;
}

await run(cases);
