import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { chromium, type Browser } from 'playwright-core';

/** Debian's Chromium, or the one CHROMIUM_PATH names. A browser that is missing fails the tests. */
export async function launch(): Promise<Browser> {
  const executablePath = process.env['CHROMIUM_PATH'] || '/usr/bin/chromium';
  assert.ok(existsSync(executablePath), `${executablePath} is missing: install Chromium (apt-get install chromium) or set CHROMIUM_PATH`);
  return chromium.launch({
    executablePath,
    headless: true,
    // No sandbox: it needs user namespaces, which root in a container does not have. The rest keeps the browser offline.
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}
