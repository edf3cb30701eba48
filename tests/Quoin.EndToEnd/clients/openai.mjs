import OpenAI from 'openai';
import {
  answer, everything, faultCases, hello, person, personSchema, run, system, toolDescription, toolResult, toolSchema,
  weather,
} from './cases.mjs';

const client = (base) => new OpenAI({ baseURL: `${base}/v1`, apiKey: 'test-key', maxRetries: 0, timeout: 30_000 });

const tools = [{
  type: 'function',
  function: { name: 'get_weather', description: toolDescription, parameters: toolSchema },
}];

const user = (content) => ({ role: 'user', content });
const briefly = (content) => [{ role: 'system', content: system }, user(content)];

function fromCompletion(completion) {
  const [{ message, finish_reason: finish }] = completion.choices;
  return answer({
    text: message.content ?? '',
    tools: (message.tool_calls ?? []).map((c) => ({ name: c.function.name, args: JSON.parse(c.function.arguments) })),
    finish,
    input: completion.usage?.prompt_tokens, output: completion.usage?.completion_tokens,
  });
}

const send = async (base, model, body) =>
  fromCompletion(await client(base).chat.completions.create({ model, ...body }));

// The client's own accumulator, which checks that a stream is complete.
const stream = async (base, model, body) => fromCompletion(await client(base).chat.completions
  .stream({ model, stream_options: { include_usage: true }, ...body }).finalChatCompletion());

// The plain iterator: what a loop over chunks sees.
async function iterate(base, model, body) {
  let text = '';
  let finish;
  let usage;
  const chunks = await client(base).chat.completions
    .create({ model, stream: true, stream_options: { include_usage: true }, ...body });
  for await (const chunk of chunks) {
    text += chunk.choices[0]?.delta?.content ?? '';
    finish = chunk.choices[0]?.finish_reason ?? finish;
    usage = chunk.usage ?? usage;
  }
  return answer({ text, finish, input: usage?.prompt_tokens, output: usage?.completion_tokens });
}

function fromResponse(response) {
  const calls = response.output.filter((item) => item.type === 'function_call');
  return answer({
    text: response.output_text,
    tools: calls.map((c) => ({ name: c.name, args: JSON.parse(c.arguments) })),
    finish: response.status,
    input: response.usage?.input_tokens, output: response.usage?.output_tokens,
  });
}

const respond = async (base, model, body) => fromResponse(await client(base).responses.create({ model, ...body }));

async function respondStreamed(base, model, body) {
  const events = client(base).responses.stream({ model, ...body });
  let deltas = '';
  events.on('response.output_text.delta', (event) => { deltas += event.delta; });
  const result = fromResponse(await events.finalResponse());
  if (deltas !== result.text) throw new Error(`the deltas say '${deltas}', the response '${result.text}'`);
  return result;
}

const responseTools =
  [{ type: 'function', name: 'get_weather', description: toolDescription, parameters: toolSchema, strict: false }];

const afterTools = (calls) => [
  user(weather),
  { role: 'assistant', content: null, tool_calls: calls.map((c, i) => (
    { id: `call_${i}`, type: 'function', function: { name: c.name, arguments: JSON.stringify(c.args) } })) },
  ...calls.map((_, i) => ({ role: 'tool', tool_call_id: `call_${i}`, content: toolResult })),
];

const format = { type: 'json_schema', json_schema: { name: 'person', strict: true, schema: personSchema } };

const cases = {
  'chat': (base, model) => send(base, model, { messages: briefly(hello), temperature: 0.5, max_tokens: 64 }),
  'chat streamed': (base, model) => stream(base, model, { messages: briefly(hello) }),
  'chat iterated': (base, model) => iterate(base, model, { messages: briefly(hello) }),
  'tools': (base, model) => send(base, model, { messages: [user(weather)], tools }),
  'tools streamed': (base, model) => stream(base, model, { messages: [user(weather)], tools }),
  'tool results': async (base, model) => {
    const { tools: calls } = await send(base, model, { messages: [user(weather)], tools });
    return send(base, model, { messages: afterTools(calls), tools });
  },
  'length': (base, model) => send(base, model, { messages: [user(everything)], max_tokens: 3 }),
  'json schema': (base, model) => send(base, model, { messages: [user(person)], response_format: format }),
  'responses': (base, model) => respond(base, model, { instructions: system, input: hello, max_output_tokens: 64 }),
  'responses streamed': (base, model) => respondStreamed(base, model, { instructions: system, input: hello }),
  'responses tools': (base, model) => respond(base, model, { input: weather, tools: responseTools }),
  'responses tools streamed': (base, model) => respondStreamed(base, model, { input: weather, tools: responseTools }),
  'responses tool results': async (base, model) => {
    const { tools: calls } = await respond(base, model, { input: weather, tools: responseTools });
    return respond(base, model, {
      tools: responseTools,
      input: [
        user(weather),
        ...calls.map((c, i) => (
          { type: 'function_call', call_id: `call_${i}`, name: c.name, arguments: JSON.stringify(c.args) })),
        ...calls.map((_, i) => ({ type: 'function_call_output', call_id: `call_${i}`, output: toolResult })),
      ],
    });
  },
  'embeddings': async (base, model) => {
    const result = await client(base).embeddings.create({ model, input: ['embed me', 'embed me too'] });
    return { ok: true, vectors: result.data.map((d) => Array.from(d.embedding)) };
  },
  'models': async (base, model) => {
    const ids = [];
    for await (const found of client(base).models.list()) ids.push(found.id);
    return { ok: true, listed: ids.includes(model) };
  },
  ...faultCases(
    (base, model, text) => send(base, model, { messages: [user(text)] }),
    (base, model, text) => iterate(base, model, { messages: [user(text)] })),
  ...Object.fromEntries(Object.entries(faultCases(
    (base, model, text) => respond(base, model, { input: text }),
    (base, model, text) => respondStreamed(base, model, { input: text })))
    .map(([name, value]) => [`responses ${name}`, value])),
};

await run(cases);
