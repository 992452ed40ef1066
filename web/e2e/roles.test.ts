import { test } from 'node:test';
import type { Page } from 'playwright-core';
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
