// What every client asks, and the one form in which all of them report what they got.
// A line: {model, case, ok: true, text, tools: [{name, args}], finish, usage: {input, output}}
// or      {model, case, ok: false, error: {class, status, message}}.

export const system = 'Be brief.';
export const hello = 'Say hello.';
export const weather = 'Please call get_weather for Oslo and for Rome.';
export const person = 'Describe a person as JSON.';
export const everything = 'Tell everything.';
export const toolArguments = [{ city: 'Oslo', days: 2 }, { city: 'Rome', days: 1 }];
export const toolResult = '{"sky":"rain"}';
export const toolDescription = 'The weather of a city.';
export const toolSchema = {
  type: 'object',
  properties: { city: { type: 'string' }, days: { type: 'integer' } },
  required: ['city', 'days'],
  additionalProperties: false,
};
export const personSchema = {
  type: 'object',
  properties: { name: { type: 'string' }, age: { type: 'integer' } },
  required: ['name', 'age'],
  additionalProperties: false,
};
export const faults =
  ['server-error', 'malformed', 'disconnect', 'rate-limit', 'overloaded', 'context-length', 'truncated'];
export const faultMessage = (fault) => `Please make the fault ${fault}.`;

const finishNames = {
  end_turn: 'stop', stop_sequence: 'stop', completed: 'stop', STOP: 'stop',
  tool_use: 'tool_calls', 'tool-calls': 'tool_calls', FUNCTION_CALL: 'tool_calls',
  max_tokens: 'length', incomplete: 'length', MAX_TOKENS: 'length',
};

export function answer({ text = '', tools = [], finish, input, output, ...more }) {
  // Gemini and Responses have no finish reason of their own for tool calls.
  const name = finishNames[finish] ?? finish;
  return {
    ok: true, text, tools, finish: name === 'stop' && tools.length > 0 ? 'tool_calls' : name,
    usage: { input, output }, ...more,
  };
}

export function failure(error) {
  const cause = error.lastError ?? error;
  return {
    ok: false,
    error: { class: cause.constructor.name, status: cause.status ?? cause.statusCode ?? null,
      message: String(cause.message) },
  };
}

// Runs each case for each model, a few at a time, and prints one line for each.
export async function run(cases) {
  const [base, models, only] = process.argv.slice(2);
  const work = models.split(',').flatMap((model) => Object.keys(cases).map((name) => ({ model, name })))
    .filter(({ name }) => !only || only.split(',').includes(name));
  const worker = async () => {
    for (let next = work.shift(); next; next = work.shift()) {
      let result;
      try {
        result = await cases[next.name](base, next.model);
      } catch (error) {
        result = failure(error);
      }
      console.log(JSON.stringify({ model: next.model, case: next.name, ...result }));
    }
  };
  await Promise.all(Array.from({ length: 4 }, worker));
  process.exit(0);
}

// The cases of faults, unstreamed and streamed, from the two ways a client sends one message.
// The model that has reached its limit is another: it is not asked for a time.
export function faultCases(send, stream) {
  const modelOf = (fault, model) => fault === 'rate-limit' ? `${model}-limited` : model;
  return Object.fromEntries(faults.flatMap((fault) => [
    ...fault === 'truncated' ? [] : [
      [`fault ${fault}`, (base, model) => send(base, modelOf(fault, model), faultMessage(fault))],
    ],
    [`fault ${fault} streamed`, (base, model) => stream(base, modelOf(fault, model), faultMessage(fault))],
  ]));
}
