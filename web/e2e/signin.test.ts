import assert from 'node:assert/strict';
import { test } from 'node:test';
import { variable } from './environment.js';
import { people, readSession, signIn, writeSession } from './people.js';
import { heading, Stage } from './stage.js';
import { Witness } from './witness.js';

const stage = new Stage();
const issuer = variable('LOCKSTEP_E2E_ISSUER');

test('sign in, come back to the page asked for, sign out; no token reaches the browser', async (t) => {
  const { context, page } = await stage.visitor(t);
  const witness = new Witness(context);
  const { origin } = stage.app;
  await signIn(page, `${origin}/users?q=hal&status=active`, people.administrator);
  assert.equal(page.url(), `${origin}/users?q=hal&status=active`);
  await page.getByRole('main').getByRole('link', { name: people.administrator }).click();
  await heading(page, people.administrator).waitFor();
  const session = await readSession(context);
  const old = await context.cookies();

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.waitForURL(`${origin}/sign-in`);
  assert.deepEqual((await context.cookies()).filter(({ name }) => name.startsWith('lockstep')), []);
  await page.goto(`${origin}/users`);
  await heading(page, 'Sign in').waitFor();

  // Whoever kept the cookie cannot renew it: the issuer has forgotten the sign-in.
  await context.addCookies(old);
  await writeSession(context, { ...session, expiresAt: Date.now() });
  await page.goto(`${origin}/users`);
  await page.getByRole('main').getByRole('alert').getByText('Your session has ended').waitFor();

  const { accessToken, refreshToken } = session;
  // Claims and signature as well: half a token is too much.
  const secrets = [accessToken, ...accessToken.split('.').slice(1), refreshToken, variable('LOCKSTEP_E2E_API')];
  const kept = await page.evaluate(() => JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }]));
  assert.equal(kept, '["",{},{}]', 'scripts find something');
  await witness.vouch([origin, issuer], secrets);
});

test('a token that is about to end is renewed, once for all requests of a page', async (t) => {
  const { context, page } = await stage.visitor(t);
  await signIn(page, `${stage.app.origin}/users`, people.member);
  const before = await readSession(context);
  await writeSession(context, { ...before, accessToken: 'spent', expiresAt: Date.now() + 1000 });
  const pages = await Promise.all(Array.from({ length: 4 }, () => context.newPage()));
  await Promise.all(pages.map((each) => each.goto(`${stage.app.origin}/users`)));
  for (const each of pages) await heading(each, 'Users').waitFor();
  const after = await readSession(context);
  assert.notEqual(after.accessToken, 'spent');
  assert.notEqual(after.refreshToken, before.refreshToken, 'the issuer rotates');
  assert.ok(after.expiresAt > Date.now() + 60_000);
  await page.reload();
  await heading(page, 'Users').waitFor();
});

test('a session that the API refuses, or that somebody made up, leads to the sign-in page', async (t) => {
  const { context, page } = await stage.visitor(t);
  await signIn(page, `${stage.app.origin}/users`, people.member);
  await writeSession(context, { ...(await readSession(context)), accessToken: 'nonsense' });
  await page.goto(`${stage.app.origin}/users`);
  await heading(page, 'Sign in').waitFor();
  await context.addCookies([{ name: 'lockstep-session', value: 'nonsense', domain: '127.0.0.1', path: '/' }]);
  await page.goto(`${stage.app.origin}/users`);
  await heading(page, 'Sign in').waitFor();
});

test('an answer of the issuer is good in the browser that asked, once', async (t) => {
  const { page } = await stage.visitor(t);
  const { origin } = stage.app;
  await page.goto(`${origin}/users`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  const callback = page.waitForRequest((request) => request.url().includes('/auth/callback'));
  await page.getByRole('button', { name: people.member }).click();
  const url = (await callback).url();
  await heading(page, 'Users').waitFor();

  const { page: stranger } = await stage.visitor(t);
  for (const [visitor, address] of [
    [page, url],
    [stranger, url],
    [stranger, `${origin}/auth/callback?code=x&state=y`],
  ] as const) {
    await visitor.goto(address);
    await visitor.getByRole('main').getByRole('alert').waitFor();
    assert.match(visitor.url(), /\/sign-in\?problem=expired$/);
  }
  // A state that is not the one of this browser's own sign-in.
  await stranger.goto(`${origin}/auth/sign-in`);
  await stranger.goto(url);
  assert.match(stranger.url(), /\/sign-in\?problem=failed$/);
});

test('who cancels is not signed in, and no other site is where a sign-in ends', async (t) => {
  const { page } = await stage.visitor(t);
  const { origin } = stage.app;
  await page.goto(`${origin}/users`);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Cancel' }).click();
  await page.getByRole('main').getByRole('alert').getByText('You did not sign in.').waitFor();
  for (const elsewhere of ['https://evil.example/', '//evil.example/', '/\\evil.example', 'javascript:alert(1)']) {
    await page.goto(`${origin}/auth/sign-in?${new URLSearchParams({ returnTo: elsewhere })}`);
    await page.getByRole('button', { name: people.member }).click();
    await heading(page, 'Users').waitFor();
    assert.equal(page.url(), `${origin}/users`);
  }
});
