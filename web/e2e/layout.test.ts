import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { freePort, startApp } from './app.js';
import { audit } from './audit.js';
import { startGate } from './gate.js';
import { people, signIn } from './people.js';
import { heading, listed, Stage } from './stage.js';

const stage = new Stage();
const sizes = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 800 } };
/** As long as the contract lets it be, without a place to break it. */
const longName = 'Wolfeschlegelsteinhausenbergerdorff'.repeat(8).slice(0, 255);
const longId = '0199c0de-0000-7000-8000-00000000feed';

/** Keeps a picture of a page, and holds it to what all pages must be. */
async function look(page: Page, name: string): Promise<void> {
  await stage.picture(page, name);
  const excess = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(excess, 0, `${name} scrolls sideways`);
  assert.deepEqual(await page.evaluate(crowded), [], `${name}: cells that run into each other`);
  assert.deepEqual(await audit(page), [], name);
}

/** Runs in pages: cells of a row side by side, with less between what is seen of them than shows that they are two. */
function crowded(): string[] {
  const found: string[] = [];
  for (const row of document.querySelectorAll('.rows > li')) {
    const cells = [...row.querySelectorAll('a, small, .badge')].map((cell) => {
      const range = document.createRange();
      if (cell.matches('.badge')) range.selectNode(cell);
      else range.selectNodeContents(cell);
      return { text: (cell.textContent ?? '').slice(0, 20), box: range.getBoundingClientRect() };
    });
    const least = matchMedia('(min-width: 52rem)').matches ? 24 : 12;
    cells.forEach((one, i) => {
      for (const other of cells.slice(i + 1)) {
        const beside = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top) > 4;
        const between = Math.max(other.box.left - one.box.right, one.box.left - other.box.right);
        if (beside && between < least) found.push(`${one.text} | ${other.text}: ${between}px`);
      }
    });
  }
  return found;
}

for (const [size, viewport] of Object.entries(sizes)) {
  for (const colorScheme of ['light', 'dark'] as const) {
    test(`layout and accessibility, ${size}, ${colorScheme}`, async (t) => {
      const { page } = await stage.visitor(t, { viewport, colorScheme, deviceScaleFactor: 1 });
      const { origin } = stage.app;
      const as = (name: string) => look(page, `${name}-${size}-${colorScheme}`);
      await page.goto(`${origin}/users`);
      await heading(page, 'Sign in').waitFor();
      await as('sign-in');
      await page.goto(`${origin}/sign-in?problem=ended`);
      await page.getByRole('main').getByRole('alert').waitFor();
      await as('session-ended');
      await signIn(page, `${origin}/users`, people.administrator);
      await listed(page).first().waitFor();
      await as('users');
      await page.goto(`${origin}/users?q=nobody+like+this&status=inactive`);
      await page.getByText('Nobody is like this').waitFor();
      await as('empty');

      await page.goto(`${origin}/users?q=Marcus`);
      await listed(page).first().click();
      await heading(page, people.manager).waitFor();
      await page.getByRole('button', { name: 'Grant' }).waitFor();
      await page.getByRole('link', { name: 'Yusuf Demir' }).waitFor();
      await as('user');
      const user = page.url();
      await page.getByRole('link', { name: 'Edit' }).click();
      await page.getByLabel('Display name').fill('');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.locator('[aria-invalid="true"]').waitFor();
      await as('refused');

      // Somebody else is faster; the version is what the API compares.
      await page.goto(`${user}/edit`);
      await page.getByLabel('Display name').fill('Marcus the Second');
      const id = new URL(user).pathname.split('/').at(-1);
      const rename = (name: string) => stage.sql('UPDATE core.users SET display_name = $1, version = version + 1 WHERE id = $2', [name, id]);
      t.after(() => rename(people.manager));
      await rename('Marcus the First');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('alert', { name: 'Somebody else has changed this person' }).waitFor();
      await as('conflict');
      await rename(people.manager);

      await page.goto(`${origin}/users?q=Ingrid`);
      await listed(page).first().click();
      await page.getByRole('button', { name: 'Take back Administrator' }).click();
      await page.getByRole('region', { name: 'Roles' }).getByRole('alert').getByText(/\w/).waitFor();
      await as('grant-refused');

      await stage.sql(
        `INSERT INTO core.users (tenant_id, id, email, display_name, status, manager_id, version, created_at, updated_at)
         SELECT tenant_id, $1, repeat('long', 50) || '@acme.example', $2, 'inactive', id, 1, now(), now() FROM core.users WHERE id = $3`,
        [longId, longName, id],
      );
      t.after(() => stage.sql('DELETE FROM core.users WHERE id = $1', [longId]));
      await page.goto(`${origin}/users?q=Wolfeschlegel`);
      await listed(page).first().waitFor();
      await as('long-names');
      await listed(page).first().click();
      await heading(page, longName).waitFor();
      await page.getByText('Manages nobody.').waitFor();
      await as('long-name');
      await page.getByRole('link', { name: 'Edit' }).click();
      await page.getByLabel('Display name').waitFor();
      await as('long-edit');

      await page.goto(`${origin}/users/0199c0de-0000-7000-8000-00000000dead`);
      await heading(page, 'Not found').waitFor();
      await as('not-found');

      const member = await stage.visit(t, people.member, '/users', { viewport, colorScheme, deviceScaleFactor: 1 });
      const me = await member.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: people.member }).getAttribute('href');
      await member.goto(`${origin}${me}/edit`);
      await heading(member, 'Not allowed').waitFor();
      await look(member, `forbidden-${size}-${colorScheme}`);
    });
  }
}

test('what is being loaded, and what could not be, until it can', async (t) => {
  const gate = await startGate();
  t.after(() => gate.stop());
  const app = await startApp(gate.url, await freePort());
  t.after(() => app.stop());
  for (const [size, viewport] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      // Cookies know no ports: the session is good at both apps.
      const page = await stage.visit(t, people.administrator, '/users', { viewport, colorScheme });
      gate.shut = { path: /^\/v1\/users\?/, how: 'hold' };
      await page.goto(`${app.origin}/users`, { waitUntil: 'commit' });
      await page.getByRole('status').getByText('Loading').waitFor();
      await look(page, `loading-${size}-${colorScheme}`);
      assert.equal(await listed(page).count(), 0);
      gate.open();
      await listed(page).first().waitFor();
      await page.getByText('Loading').waitFor({ state: 'detached' });

      gate.shut = { path: /^\/v1\/users/, how: 'fail' };
      await page.goto(`${app.origin}/users`);
      const failure = page.getByRole('main').getByRole('alert');
      await failure.getByRole('heading', { name: 'This page could not be loaded' }).waitFor();
      assert.doesNotMatch(await page.content(), /secret of the API/);
      await look(page, `error-${size}-${colorScheme}`);
      gate.open();
      await failure.getByRole('button', { name: 'Try again' }).click();
      await listed(page).first().waitFor();
    }
  }
});
