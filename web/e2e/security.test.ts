import assert from 'node:assert/strict';
import { lstat, readdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import { variable } from './environment.js';
import { people, readSession } from './people.js';
import { heading, listed, Stage } from './stage.js';

const stage = new Stage();

test('pages run their own scripts only, go into no frame, and are kept by nobody', async (t) => {
  const page = await stage.visit(t, people.member);
  const issuer = new URL(variable('LOCKSTEP_E2E_ISSUER')).origin;
  const nonces = new Set<string>();
  for (const path of ['/sign-in', '/users', '/users/7', '/nothing']) {
    const answer = await page.goto(stage.app.origin + path);
    const headers = (await answer?.allHeaders()) ?? {};
    const policy = headers['content-security-policy'] ?? '';
    const directives = Object.fromEntries(policy.split('; ').map((each) => [each.split(' ', 1)[0], each.split(' ').slice(1)]));
    const nonce = /^'nonce-([\w+/=]{22,})'$/.exec(directives['script-src']?.[0] ?? '')?.[1] ?? '';
    nonces.add(nonce);
    assert.deepEqual(directives['script-src'], [`'nonce-${nonce}'`, "'strict-dynamic'"], path);
    assert.deepEqual(directives['style-src'], ["'self'"], path);
    assert.deepEqual(directives['form-action'], ["'self'", issuer], path);
    for (const closed of ['default-src', 'base-uri', 'frame-ancestors']) assert.deepEqual(directives[closed], ["'none'"], `${path} ${closed}`);
    assert.equal(headers['x-content-type-options'], 'nosniff', path);
    assert.equal(headers['x-frame-options'], 'DENY', path);
    assert.match(headers['cache-control'] ?? '', /no-store/, path);
    assert.equal(headers['x-powered-by'], undefined, path);
    // Where the nonce is the one of the policy, scripts run: the page is alive.
    await page.waitForFunction(() => Object.keys(document.querySelector('main') ?? {}).some((key) => key.startsWith('__react')));
  }
  assert.equal(nonces.size, 4, 'a nonce was used twice');
});

test('a script that got into a page does not run', async (t) => {
  const page = await stage.visit(t, people.member);
  await listed(page).first().waitFor();
  const ran = await page.evaluate(async () => {
    const flags = globalThis as unknown as Record<string, boolean>;
    const blocked = new Promise<void>((resolve) => document.addEventListener('securitypolicyviolation', () => resolve(), { once: true }));
    document.querySelector('main')?.insertAdjacentHTML('beforeend', '<img src="data:," onerror="inlined = true">');
    await blocked;
    return flags['inlined'] ?? false;
  });
  assert.equal(ran, false);
  assert.ok(stage.takeViolations().length > 0, 'nothing was blocked');
});

test('a form of another site signs nobody out', async (t) => {
  // Without scripts the form is all there is, as another site could copy it.
  const page = await stage.visit(t, people.member, '/users', { javaScriptEnabled: false });
  const { origin } = stage.app;
  const fields = await page.locator('header form input').evaluateAll((inputs) => inputs.map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? '']));
  assert.ok(fields.length > 0, 'the form has no action: it works with scripts only');
  const { name, value } = (await page.context().cookies()).find((cookie) => cookie.name === 'lockstep-session') ?? { name: '', value: '' };
  const send = async (from: string) => {
    const body = new FormData();
    for (const [field = '', content = ''] of fields) body.append(field, content);
    return fetch(`${origin}/users`, { method: 'POST', body, headers: { origin: from, cookie: `${name}=${value}` }, redirect: 'manual' });
  };
  for (const from of ['https://evil.example', 'null']) {
    const answer = await send(from);
    assert.ok(answer.status >= 400, `${from}: ${answer.status}`);
    assert.equal(answer.headers.get('set-cookie'), null, `${from} ended the session`);
  }
  const own = await send(origin);
  assert.equal(own.status, 303);
  assert.match(own.headers.getSetCookie().join(), /lockstep-session=;/, 'the form itself works');
  // Nor does a browser send the session along.
  const cookie = (await page.context().cookies()).find((each) => each.name === 'lockstep-session');
  assert.deepEqual([cookie?.sameSite, cookie?.httpOnly], ['Lax', true]);
});

test('signing in and out needs no scripts', async (t) => {
  const { page } = await stage.visitor(t, { javaScriptEnabled: false });
  const { origin } = stage.app;
  await page.goto(`${origin}/users`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: people.member }).click();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${origin}/sign-in`);
  assert.deepEqual((await page.context().cookies()).filter((cookie) => cookie.name === 'lockstep-session'), []);
});

test('two people at once each see the app as themselves', async (t) => {
  const names = [people.administrator, people.member];
  const pages = await Promise.all(names.map((name) => stage.visit(t, name)));
  const sessions = await Promise.all(pages.map(async (page) => readSession(page.context())));
  assert.notEqual(sessions[0]?.userId, sessions[1]?.userId);
  const rounds = Array.from({ length: 20 }, async (_, n) => {
    const page = pages[n % 2];
    const session = sessions[n % 2];
    const answer = await page?.request.get(`${stage.app.origin}/users/${session?.userId}`);
    const html = (await answer?.text()) ?? '';
    assert.ok(html.includes(`<h1>${names[n % 2]}</h1>`), 'another page');
    // Who may edit is led to it; nobody else.
    assert.equal(html.includes(`/users/${session?.userId}/edit`), n % 2 === 0, `${names[n % 2]} has the other's permissions`);
  });
  await Promise.all(rounds);
  await heading(pages[0] ?? assert.fail(), 'Users').waitFor();
});

test('the app runs on what npm packs of the SDK', async () => {
  const home = new URL('../node_modules/@lockstep/core-sdk/', import.meta.url);
  assert.equal(import.meta.resolve('@lockstep/core-sdk'), new URL('dist/index.js', home).href);
  assert.equal((await lstat(fileURLToPath(home).replace(/\/$/, ''))).isSymbolicLink(), false, 'it is linked to the sources');
  const files = await readdir(home);
  assert.deepEqual(files.sort(), ['README.md', 'dist', 'docs', 'package.json', 'src']);
});
