import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CoreApiClient } from '@lockstep/core-sdk';
import type { Page } from 'playwright-core';
import { variable } from './environment.js';
import { people } from './people.js';
import { heading, Stage } from './stage.js';

const stage = new Stage();

async function open(page: Page, name: string): Promise<void> {
  await page.goto(`${stage.app.origin}/users?q=${encodeURIComponent(name.split(' ')[0] ?? '')}`);
  await page.getByRole('main').getByRole('link', { name }).click();
  await heading(page, name).waitFor();
}

test('grant a role, which takes effect, and take it back', async (t) => {
  const page = await stage.visit(t, people.administrator);
  await open(page, people.member);
  await page.getByLabel('Grant a role').selectOption('Support agent');
  await page.getByRole('button', { name: 'Grant' }).click();
  const revoke = page.getByRole('button', { name: 'Take back Support agent' });
  await revoke.waitFor();

  const member = await stage.visit(t, people.member);
  await open(member, 'Grace Kimani');
  await member.getByRole('link', { name: 'Edit' }).waitFor();

  await revoke.click();
  await revoke.waitFor({ state: 'detached' });
  await member.reload();
  await heading(member, 'Grace Kimani').waitFor();
  await member.getByRole('link', { name: 'Edit' }).waitFor({ state: 'detached' });
});

test('nobody grants more than they hold, and the last administrator stays', async (t) => {
  const page = await stage.visit(t, people.manager);
  await open(page, people.member);
  await page.getByLabel('Grant a role').selectOption('Administrator');
  await page.getByRole('button', { name: 'Grant' }).click();
  await page.getByRole('region', { name: 'Roles' }).getByRole('alert').getByText(/\w/).waitFor();
  await page.reload();
  await page.getByRole('button', { name: 'Take back Administrator' }).waitFor({ state: 'detached' });

  const admin = await stage.visit(t, people.administrator);
  await open(admin, people.administrator);
  await admin.getByRole('button', { name: 'Take back Administrator' }).click();
  await admin.getByRole('region', { name: 'Roles' }).getByRole('alert').getByText(/\w/).waitFor();
});

test('the roles to choose from are kept for a while; when one turns out to be gone, they are asked for again', async (t) => {
  const { roles } = new CoreApiClient({ baseUrl: variable('LOCKSTEP_E2E_API'), authToken: variable('LOCKSTEP_E2E_ADMIN_TOKEN') });
  const fleeting = await roles.create({ name: `Fleeting ${crypto.randomUUID().slice(0, 8)}` });
  let gone = false;
  t.after(async () => gone || roles.delete(fleeting.id));
  const page = await stage.visit(t, people.administrator);
  const offered = async () => {
    await open(page, people.member);
    await page.getByLabel('Grant a role').waitFor();
    return page.getByLabel('Grant a role').getByRole('option').allInnerTexts();
  };
  // What an earlier test has seen may be kept: a grant of a role that does not exist has it asked for again.
  if (!(await offered()).includes(fleeting.name)) {
    await page.getByLabel('Grant a role').evaluate((select: HTMLSelectElement) => {
      (select.options[0] as HTMLOptionElement).value = '0199c0de-0000-7000-8000-00000000dead';
    });
    await page.getByRole('button', { name: 'Grant' }).click();
    await page.getByRole('region', { name: 'Roles' }).getByRole('alert').getByText(/\w/).waitFor();
    assert.ok((await offered()).includes(fleeting.name));
  }
  await roles.delete(fleeting.id);
  gone = true;
  assert.ok((await offered()).includes(fleeting.name), 'the roles are asked for with each page');
  await page.getByLabel('Grant a role').selectOption(fleeting.name);
  await page.getByRole('button', { name: 'Grant' }).click();
  await page.getByRole('region', { name: 'Roles' }).getByRole('alert').getByText(/\w/).waitFor();
  await page.getByLabel('Grant a role').getByRole('option', { name: fleeting.name }).waitFor({ state: 'detached' });
});
