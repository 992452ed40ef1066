import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import ts from 'typescript';

const root = new URL('../../../', import.meta.url).pathname;

/** Messages of the compiler about modules that import the SDK by its name, under the package's own settings. */
function check(modules: string[]): string[] {
  const { config } = ts.readConfigFile(`${root}tsconfig.json`, ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
  options.noEmit = true;
  options.types = ['node'];
  options.paths = { '@lockstep/core-sdk': [`${root}src/index.ts`], '@lockstep/core-sdk/*': [`${root}src/*.ts`] };
  delete options.rootDir;
  const files = new Map(modules.map((code, i) => [`${root}example-${i}.ts`, code]));
  const host = ts.createCompilerHost(options);
  const { readFile: read, fileExists } = host;
  host.readFile = (name) => files.get(name) ?? read.call(host, name);
  host.fileExists = (name) => files.has(name) || fileExists.call(host, name);
  host.getSourceFile = (name, version) => {
    const code = host.readFile(name);
    return code === undefined ? undefined : ts.createSourceFile(name, code, version);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  return ts.getPreEmitDiagnostics(program).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

test('the examples of the README compile', async () => {
  const readme = await readFile(`${root}README.md`, 'utf8');
  const examples = [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);
  assert.ok(examples.length >= 7, `got ${examples.length} examples, want all of them`);
  assert.deepEqual(check(examples), []);
  const broken = (examples[0] ?? '').replace('user.displayName', 'user.name');
  assert.deepEqual(check([broken]), ["Property 'name' does not exist on type 'UserWithRoles'."], 'a wrong one does not');
});
