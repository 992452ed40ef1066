import assert from 'node:assert/strict';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import pg from 'pg';
import type { Browser, Page } from 'playwright-core';
import { freePort, startApp, type App } from './app.js';
import { launch } from './chromium.js';
import { variable } from './environment.js';
import { audit } from './audit.js';
import { people as seed, readSession, signIn } from './people.js';
import { Witness } from './witness.js';

const api = variable('LOCKSTEP_E2E_API');
const token = variable('LOCKSTEP_E2E_ADMIN_TOKEN');
const databaseUrl = variable('LOCKSTEP_E2E_DATABASE_URL');
const issuer = variable('LOCKSTEP_E2E_ISSUER');

let app: App;
let browser: Browser;
let database: pg.Client;
let pictures: string;

before(async () => {
  database = new pg.Client({ connectionString: databaseUrl });
  [app, browser, pictures] = await Promise.all([
    startApp(api),
    launch(),
    mkdtemp(join(process.env['LOCKSTEP_E2E_SCREENSHOTS'] ?? tmpdir(), 'lockstep-web-')),
    database.connect(),
  ]);
  console.log(`screenshots: ${pictures}`);
});

after(async () => {
  await Promise.all([browser?.close(), app?.stop(), database?.end()]);
});

/** The display name in the database. Sets the tenant, so that it can be asked as any role, row-level security included. */
async function stored(id: string): Promise<string | undefined> {
  const [, claims = ''] = token.split('.');
  const { tenant_id: tenant } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as { tenant_id: string };
  await database.query('BEGIN');
  await database.query("SELECT set_config('app.tenant_id', $1, true)", [tenant]);
  const { rows } = await database.query<{ display_name: string }>(
    'SELECT display_name FROM core.users WHERE tenant_id = $1 AND id = $2',
    [tenant, id],
  );
  await database.query('COMMIT');
  return rows[0]?.display_name;
}

const heading = (page: Page) => page.getByRole('heading', { level: 1 });
const people = (page: Page) => page.getByRole('main').getByRole('listitem').getByRole('link');

test('list, open, edit, reload: the edit is in the database, and no token in the browser', async () => {
  const context = await browser.newContext();
  const witness = new Witness(context);
  const page = await context.newPage();

  await signIn(page, app.origin, seed.administrator);
  await page.waitForURL(`${app.origin}/users`);
  await heading(page).getByText('Users', { exact: true }).waitFor();
  const first = people(page).first();
  const name = await first.innerText();
  const id = (await first.getAttribute('href'))?.split('/').pop() ?? '';

  await page.getByRole('link', { name: 'Next page' }).click();
  await page.waitForURL(/\?cursor=/);
  await page.getByRole('link', { name: 'First page' }).waitFor();
  assert.notEqual(await people(page).first().innerText(), name);
  await page.goBack();
  await page.getByRole('main').getByRole('link', { name, exact: true }).click();
  await page.waitForURL(`${app.origin}/users/${id}`);
  await heading(page).getByText(name, { exact: true }).waitFor();
  await page.getByRole('heading', { name: 'Roles' }).waitFor();
  await page.getByRole('heading', { name: 'Managed users' }).waitFor();

  const edited = `Edited ${crypto.randomUUID().slice(0, 8)}`;
  const field = page.getByLabel('Display name');
  const save = page.getByRole('button', { name: 'Save' });
  await field.fill(edited);
  await save.click();
  await page.getByRole('status').getByText('Saved.').waitFor();
  await page.reload();
  await heading(page).getByText(edited, { exact: true }).waitFor();
  assert.equal(await stored(id), edited);
  await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: 'Users' }).click();
  await page.getByRole('main').getByRole('link', { name: edited, exact: true }).waitFor();

  await page.goto(`${app.origin}/users/${id}`);
  for (const [wrong, what] of [['', 'empty'], ['x'.repeat(256), 'too long']] as const) {
    await field.fill(wrong);
    await save.click();
    await page.locator('[aria-invalid="true"]').waitFor();
    const said = await page.locator('#displayName-message').innerText();
    assert.match(said, /\w/, `nothing is said about a name that is ${what}`);
    assert.equal(await field.inputValue(), wrong, 'what was refused stays to be corrected');
    assert.equal(await stored(id), edited);
    await page.reload();
    await heading(page).getByText(edited, { exact: true }).waitFor();
  }

  await field.fill(name);
  await save.click();
  await page.getByRole('status').getByText('Saved.').waitFor();
  assert.equal(await stored(id), name);

  const { accessToken, refreshToken } = await readSession(context);
  // Claims and signature as well: half a token is too much.
  const secrets = [accessToken, ...accessToken.split('.').slice(1), refreshToken, api];
  const kept = await page.evaluate(() => JSON.stringify([document.cookie, { ...localStorage }, { ...sessionStorage }]));
  for (const secret of secrets) assert.ok(!kept.includes(secret), 'the browser keeps a secret');
  await witness.vouch([app.origin, issuer], secrets);
  await context.close();
});

test('what is not there is said to be not there', async () => {
  const page = await browser.newPage();
  await signIn(page, app.origin, seed.member);
  for (const path of ['/nothing', '/users/7', '/users/0199c0de-0000-7000-8000-00000000dead', '/users?cursor=nonsense']) {
    await page.goto(`${app.origin}${path}`);
    await page.getByRole('heading', { name: 'Not found' }).waitFor();
    await page.getByRole('link', { name: 'All users' }).waitFor();
  }
  await page.close();
});

test('an API that is down is said to be down, and nothing else', async () => {
  const port = await freePort();
  const broken = await startApp(`http://127.0.0.1:${port}`, await freePort());
  const page = await browser.newPage();
  try {
    // Cookies know no ports: the session is good at both apps.
    await signIn(page, app.origin, seed.member);
    await page.goto(`${broken.origin}/users`);
    const alert = page.getByRole('main').getByRole('alert');
    await alert.getByRole('button', { name: 'Try again' }).waitFor();
    assert.doesNotMatch(await page.content(), new RegExp(`${port}|ECONNREFUSED`));
  } finally {
    await page.close();
    await broken.stop();
  }
});

test('layout and accessibility, light and dark, desktop and phone', async () => {
  const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 375, height: 740 } };
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const context = await browser.newContext({ viewport, colorScheme, deviceScaleFactor: 1 });
      const page = await context.newPage();
      const look = async (name: string) => {
        await page.screenshot({ path: join(pictures, `${name}-${size}-${colorScheme}.png`), fullPage: true });
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
        assert.equal(excess, 0, `${name} on a ${size} scrolls sideways`);
        assert.deepEqual(await audit(page), [], `${name}, ${size}, ${colorScheme}`);
      };
      await page.goto(`${app.origin}/users`);
      await heading(page).getByText('Sign in', { exact: true }).waitFor();
      await look('sign-in');
      await signIn(page, `${app.origin}/users`, seed.administrator);
      await heading(page).getByText('Users', { exact: true }).waitFor();
      await look('users');
      await people(page).first().click();
      await page.getByLabel('Display name').waitFor();
      await look('user');
      await page.getByLabel('Display name').fill('');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.locator('[aria-invalid="true"]').waitFor();
      await look('refused');
      await context.close();
    }
  }
});
