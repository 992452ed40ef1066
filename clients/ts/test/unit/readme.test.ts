import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
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

const examplesIn = (page: string): string[] => [...page.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = '']) => code);

test('the examples of the README compile', async () => {
  const examples = examplesIn(await readFile(`${root}README.md`, 'utf8'));
  assert.ok(examples.length >= 7, `got ${examples.length} examples, want all of them`);
  assert.deepEqual(check(examples), []);
  const broken = (examples[0] ?? '').replace('user.displayName', 'user.name');
  assert.deepEqual(check([broken]), ["Property 'name' does not exist on type 'UserWithRoles'."], 'a wrong one does not');
});

test('the API pages have an example of each operation, which compiles', async () => {
  const contract = JSON.parse(await readFile(`${root}../../openapi/openapi.json`, 'utf8')) as {
    paths: Record<string, Record<string, { operationId?: string }>>;
  };
  const operations = Object.values(contract.paths).flatMap((item) => Object.values(item).flatMap(({ operationId }) => operationId ?? []));
  const examples = new Map<string, string>();
  for (const file of await readdir(`${root}docs`)) {
    for (const section of (await readFile(`${root}docs/${file}`, 'utf8')).split(/^## /m).slice(1)) {
      const [heading = ''] = section.split('\n', 1);
      for (const code of examplesIn(section)) {
        if (file !== 'README.md') assert.ok(code.includes(`client.${heading}(`), `the example of ${heading} is another one`);
        examples.set(heading, code);
      }
    }
  }
  for (const operation of operations) assert.ok(examples.has(operation), `${operation} has no example`);
  assert.equal(examples.size, operations.length + 1, 'and how to see a whole answer');
  assert.deepEqual(check([...examples.values()]), []);
  const broken = (examples.get('users.create') ?? '').replace('displayName', 'name');
  assert.match(check([broken]).join(), /'name' does not exist in type 'UserCreate'/, 'a wrong one does not');
});
