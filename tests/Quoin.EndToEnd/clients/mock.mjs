// An upstream that is not ours: aimock, which speaks OpenAI, Anthropic and Gemini on one port of 127.0.0.1.
// The last user message picks the answer. Prints its address as one JSON line when it listens.
import { LLMock } from '@copilotkit/aimock';
import { faults, toolArguments } from './cases.mjs';

const mock = new LLMock({ port: Number(process.argv[2] ?? 0), host: '127.0.0.1', logLevel: 'silent' });
const usage = { prompt_tokens: 11, completion_tokens: 7, total_tokens: 18 };
const small = { chunkSize: 5 };

// A lost system prompt or a lost tool definition finds no fixture, and the mock answers 404.
mock.on(
  { userMessage: 'Say hello', systemMessage: 'Be brief.' },
  { content: 'Hello from the mock: some words, an umlaut ü and a face 🙂.', usage }, small);
mock.on(
  { userMessage: 'get_weather', toolName: 'get_weather', hasToolResult: true, toolResultContains: 'rain' },
  { content: 'It rains in Oslo.', usage }, small);
mock.on(
  { userMessage: 'get_weather', toolName: 'get_weather', hasToolResult: false },
  { toolCalls: toolArguments.map((value) => ({ name: 'get_weather', arguments: JSON.stringify(value) })), usage },
  small);
mock.on({ userMessage: 'a person as JSON' }, { content: '{"name":"Ada","age":36}', usage }, small);
mock.on({ userMessage: 'Tell everything' }, { content: 'Everything is', finishReason: 'length', usage }, small);
mock.onEmbedding('embed me', { embedding: [0.25, -0.5, 0.75] });

const faultOptions = {
  'server-error': { chaos: { dropRate: 1 } },
  'malformed': { chaos: { malformedRate: 1 } },
  'disconnect': { chaos: { disconnectRate: 1 } },
  'rate-limit': { chaos: { rateLimitRate: 1 } },
  'truncated': { truncateAfterChunks: 4, chunkSize: 4 },
};
for (const fault of faults) {
  if (faultOptions[fault]) {
    mock.onMessage(`fault ${fault}.`, { content: 'This answer is never whole, whatever it says.', usage },
      faultOptions[fault]);
  }
}
mock.onMessage('fault overloaded.', { error: { message: 'Overloaded', type: 'overloaded_error' }, status: 529 });
mock.onMessage('fault context-length.', {
  error: { message: 'The prompt is too long', type: 'invalid_request_error', code: 'context_length_exceeded' },
  status: 400,
});

await mock.start();
console.log(JSON.stringify({ url: mock.url }));
process.on('SIGTERM', () => process.exit(0));
