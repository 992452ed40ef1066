// Installs the SDK in the app as npm would from a registry: packs clients/ts and unpacks the tarball into web/node_modules, where it
// is found before the workspace's link. So the app runs on what is published, and a file missing there is missed here: node sdk.mjs.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const exec = promisify(execFile);
const source = fileURLToPath(new URL('../../clients/ts/', import.meta.url));
const modules = fileURLToPath(new URL('../node_modules/', import.meta.url));

const { name, version } = JSON.parse(await readFile(join(source, 'package.json'), 'utf8'));
await mkdir(modules, { recursive: true });
const work = await mkdtemp(join(modules, '.sdk-'));
try {
  // The SDK's own prepack builds it: .npmrc has no scripts run that are not called by name. Its output goes to stderr.
  const { stdout } = await exec('npm', ['pack', '--json', '--ignore-scripts=false', '--foreground-scripts=false', '--pack-destination', work], { cwd: source });
  const [{ filename, files }] = JSON.parse(stdout);
  await exec('tar', ['-xzf', join(work, filename), '-C', work]);
  const home = join(modules, name);
  await mkdir(dirname(home), { recursive: true });
  await rm(home, { recursive: true, force: true });
  await rename(join(work, 'package'), home);
  console.log(`installed ${name} ${version}: ${files.length} files of its package`);
} catch (error) {
  console.error(`pack the SDK: ${error.stderr || error.message}`);
  process.exitCode = 1;
} finally {
  await rm(work, { recursive: true, force: true });
}
