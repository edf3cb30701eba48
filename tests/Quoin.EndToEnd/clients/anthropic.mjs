import Anthropic from '@anthropic-ai/sdk';
import {
  answer, everything, faultCases, hello, run, system, toolDescription, toolResult, toolSchema, weather,
} from './cases.mjs';

const client = (base) => new Anthropic({ baseURL: base, apiKey: 'test-key', maxRetries: 0, timeout: 30_000 });

const tools = [{ name: 'get_weather', description: toolDescription, input_schema: toolSchema }];
const user = (content) => ({ role: 'user', content });

const fromMessage = (message) => answer({
  text: message.content.filter((b) => b.type === 'text').map((b) => b.text).join(''),
  tools: message.content.filter((b) => b.type === 'tool_use').map((b) => ({ name: b.name, args: b.input })),
  finish: message.stop_reason,
  input: message.usage.input_tokens, output: message.usage.output_tokens,
});

const send = async (base, model, body) =>
  fromMessage(await client(base).messages.create({ model, max_tokens: 64, ...body }));

const stream = async (base, model, body) =>
  fromMessage(await client(base).messages.stream({ model, max_tokens: 64, ...body }).finalMessage());

const asking = { messages: [user(weather)], tools };

const cases = {
  'chat': (base, model) => send(base, model, { system, messages: [user(hello)], temperature: 0.5 }),
  'chat streamed': (base, model) => stream(base, model, { system, messages: [user(hello)] }),
  'tools': (base, model) => send(base, model, asking),
  'tools streamed': (base, model) => stream(base, model, asking),
  'tool results': async (base, model) => {
    const first = await client(base).messages.create({ model, max_tokens: 64, ...asking });
    const results = first.content.filter((b) => b.type === 'tool_use')
      .map((b) => ({ type: 'tool_result', tool_use_id: b.id, content: toolResult }));
    return send(base, model,
      { messages: [user(weather), { role: 'assistant', content: first.content }, user(results)], tools });
  },
  'length': (base, model) => send(base, model, { messages: [user(everything)], max_tokens: 3 }),
  'count tokens': async (base, model) => {
    const count = await client(base).messages.countTokens({ model, messages: [user(hello)] });
    return { ok: true, counted: count.input_tokens > 0 };
  },
  ...faultCases(
    (base, model, text) => send(base, model, { messages: [user(text)] }),
    (base, model, text) => stream(base, model, { messages: [user(text)] })),
};

await run(cases);
