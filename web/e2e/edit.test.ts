import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { people } from './people.js';
import { heading, Stage } from './stage.js';

const stage = new Stage();
const rosa = 'Rosa Jiménez';
const email = 'rosa.jimenez@acme.example';

const save = (page: Page) => page.getByRole('button', { name: 'Save' }).click();
const stored = (column: string) => stage.stored(column, 'email', email);

/** The edit page of Rosa, as somebody who may use it. */
async function open(page: Page): Promise<void> {
  await page.goto(`${stage.app.origin}/users?q=${encodeURIComponent(rosa.slice(0, 4))}`);
  await page.getByRole('main').locator('.people').getByRole('link').first().click();
  await page.getByRole('link', { name: 'Edit' }).click();
  await page.getByLabel('Display name').waitFor();
}

test('edit, refused and accepted: what is shown is in the database', async (t) => {
  const page = await stage.visit(t, people.manager);
  await open(page);
  const field = page.getByLabel('Display name');
  for (const [wrong, what] of [['', 'empty'], ['x'.repeat(256), 'too long']] as const) {
    await field.fill(wrong);
    await save(page);
    await page.locator('[aria-invalid="true"]').waitFor();
    assert.match(await page.locator('#displayName-message').innerText(), /\w/, `nothing is said about a name that is ${what}`);
    assert.equal(await field.inputValue(), wrong, 'what was refused stays to be corrected');
    assert.equal(await stored('display_name'), rosa);
  }
  const edited = `Edited ${crypto.randomUUID().slice(0, 8)}`;
  await field.fill(edited);
  await page.getByLabel('Manager').selectOption('Kenji Watanabe');
  await save(page);
  await page.getByRole('status').getByText('Saved.').waitFor();
  await heading(page, edited).waitFor();
  await page.getByRole('region', { name: 'Manager and managed users' }).getByRole('link', { name: 'Kenji Watanabe' }).waitFor();
  assert.equal(await stored('display_name'), edited);

  await page.getByRole('link', { name: 'Edit' }).click();
  await field.fill(rosa);
  await page.getByLabel('Manager').selectOption('Nadia Petrova');
  await save(page);
  await heading(page, rosa).waitFor();
  assert.equal(await stored('display_name'), rosa);
});

test('two tabs: the second is told what changed, and chooses', async (t) => {
  const first = await stage.visit(t, people.manager);
  const second = await first.context().newPage();
  await Promise.all([open(first), open(second)]);

  await first.getByLabel('Display name').fill('Rosa First');
  await first.getByLabel('Status').selectOption('inactive');
  await save(first);
  await heading(first, 'Rosa First').waitFor();

  await second.getByLabel('Display name').fill('Rosa Second');
  await second.getByLabel('Manager').selectOption('Kenji Watanabe');
  await save(second);
  const conflict = second.getByRole('alert', { name: 'Somebody else has changed this person' });
  await conflict.waitFor();
  await second.waitForFunction(() => document.activeElement?.getAttribute('role') === 'alert');
  await conflict.getByText('Status: “active” is now “inactive”.').or(conflict.getByText(/Status:/)).waitFor();
  await stage.picture(second, 'conflict');
  assert.equal(await stored('display_name'), 'Rosa First', 'nothing was overwritten');
  assert.equal(await second.getByLabel('Status').inputValue(), 'inactive', 'what only they changed is taken over');

  // Not without a choice.
  await save(second);
  assert.equal(await second.locator('input[type=radio]:invalid').count(), 2);
  await second.getByLabel('Yours').check();
  await save(second);
  await heading(second, 'Rosa Second').waitFor();
  assert.equal(await stored('status'), 'inactive');

  // The other way: theirs.
  await open(first);
  await open(second);
  await first.getByLabel('Display name').fill('Rosa Third');
  await save(first);
  await heading(first, 'Rosa Third').waitFor();
  await second.getByLabel('Display name').fill('Rosa Fourth');
  await second.getByLabel('Status').selectOption('active');
  await save(second);
  await second.getByLabel('Theirs').check();
  await save(second);
  await heading(second, 'Rosa Third').waitFor();
  assert.equal(await stored('status'), 'active');

  await open(first);
  await first.getByLabel('Display name').fill(rosa);
  await first.getByLabel('Manager').selectOption('Nadia Petrova');
  await save(first);
  await heading(first, rosa).waitFor();
});

test('who may not edit is told so, by page and by API', async (t) => {
  const page = await stage.visit(t, people.member);
  const me = await page.getByRole('navigation', { name: 'Main' }).getByRole('link', { name: people.member }).getAttribute('href');
  const answer = await page.goto(`${stage.app.origin}${me}/edit`);
  assert.equal(answer?.status(), 403);
  await heading(page, 'Not allowed').waitFor();
});
