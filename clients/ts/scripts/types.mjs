// Writes an OpenAPI document's component schemas as TypeScript types, and those of answers as valibot schemas: node types.mjs FOLDER.
// Reads schemas.json and answers.json there. Run by `lockstep generate`; settings are here rather than in a config file so that
// nothing else can change the output.
import { join } from 'node:path';
import { createClient } from '@hey-api/openapi-ts';

const [folder] = process.argv.slice(2);
const make = (input, output, plugin) =>
  createClient({
    input: join(folder, input),
    output: { path: join(folder, output), tsConfigPath: null },
    logs: { level: 'error', file: false },
    plugins: [plugin],
  });
// Names stay as the contract has them: the emitter's code refers to them.
await make('schemas.json', 'types', { name: '@hey-api/typescript', definitions: { case: 'preserve' } });
await make('answers.json', 'answers', { name: 'valibot', definitions: { case: 'preserve', name: 'v{{name}}' } });
