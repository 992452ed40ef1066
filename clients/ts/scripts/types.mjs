// Writes the component schemas of an OpenAPI document as TypeScript types: node types.mjs CONTRACT FOLDER.
// Run by `lockstep generate`; settings are here rather than in a config file so that nothing else can change the output.
import { createClient } from '@hey-api/openapi-ts';

const [input, output] = process.argv.slice(2);
await createClient({
  input,
  output: { path: output, tsConfigPath: null },
  logs: { level: 'error', file: false },
  // Names stay as the contract has them: the emitter's code refers to them.
  plugins: [{ name: '@hey-api/typescript', definitions: { case: 'preserve' } }],
});
