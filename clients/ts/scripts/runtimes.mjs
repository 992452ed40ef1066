// Installs the runtimes that test/runtimes runs, each as the npm package of this platform that holds its binary: nothing of them is
// run on installing. Prints nothing where they are there already: node runtimes.mjs.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const home = fileURLToPath(new URL('../.runtimes/', import.meta.url));
const { platform, arch } = process;
const packages = {
  [`@oven/bun-${platform}-${arch === 'arm64' ? 'aarch64' : arch}`]: '1.4.5',
  [`@cloudflare/workerd-${platform}-${arch === 'x64' ? '64' : arch}`]: '1.20261117.1',
  [`@deno/${platform}-${arch}${platform === 'linux' ? '-glibc' : ''}`]: '2.9.6',
};

mkdirSync(home, { recursive: true });
writeFileSync(`${home}package.json`, JSON.stringify({ private: true, dependencies: packages }, null, 2));
if (!Object.keys(packages).every((name) => existsSync(`${home}node_modules/${name}`))) {
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock'], { cwd: home, stdio: 'inherit' });
}
