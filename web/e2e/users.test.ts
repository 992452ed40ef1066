import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort, startApp } from './app.js';
import { people, signIn } from './people.js';
import { heading, listed, Stage } from './stage.js';

const stage = new Stage();

test('search, filter, sort and page: the URL is the state', async (t) => {
  const page = await stage.visit(t, people.administrator);
  await page.getByText('26 people').waitFor();
  const first = await listed(page).first().innerText();
  await page.getByRole('link', { name: 'Next page' }).click();
  await page.getByRole('link', { name: 'First page' }).waitFor();
  assert.notEqual(await listed(page).first().innerText(), first);
  assert.equal(await listed(page).count(), 6);
  await page.goBack();
  await page.getByRole('link', { name: 'Next page' }).waitFor();
  assert.equal(await listed(page).first().innerText(), first);

  await page.getByLabel('Order').selectOption('Name, Z to A');
  await page.getByLabel('Status').selectOption('active');
  await page.getByLabel('Role').selectOption('Support agent');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText('4 people').waitFor();
  assert.deepEqual(await listed(page).allInnerTexts(), ['Zeynep Kaya', "Patrick O'Neill", 'Mei-Ling Chen', 'Daniel Okafor']);

  await page.getByRole('searchbox', { name: 'Search' }).fill('  MEI ');
  await page.keyboard.press('Enter');
  await page.getByText('1 person').waitFor();
  assert.deepEqual(await listed(page).allInnerTexts(), ['Mei-Ling Chen']);
  await page.reload();
  await page.getByText('1 person').waitFor(); // the list comes after the page
  assert.deepEqual(await listed(page).allInnerTexts(), ['Mei-Ling Chen']);
  assert.equal(await page.getByLabel('Status').inputValue(), 'active', 'the form shows the state of the URL');

  await page.getByRole('searchbox', { name: 'Search' }).fill('nobody like this');
  await page.getByRole('button', { name: 'Show' }).click();
  await page.getByText('Nobody is like this').waitFor();
  await page.getByRole('link', { name: 'Reset' }).click();
  await page.getByText('26 people').waitFor();
  assert.equal(await page.getByRole('searchbox', { name: 'Search' }).inputValue(), '');
});

test('a person: roles, managers above and people below', async (t) => {
  const page = await stage.visit(t, people.member);
  await page.getByRole('searchbox', { name: 'Search' }).fill('Marcus');
  await page.keyboard.press('Enter');
  await page.getByText('1 person').waitFor();
  await listed(page).first().click();
  await heading(page, people.manager).waitFor();
  const roles = page.getByRole('region', { name: 'Roles' });
  await roles.getByRole('listitem').first().waitFor();
  const names = (await roles.getByRole('listitem').locator('> div').allInnerTexts()).map((text) => text.split('\n')[0]);
  assert.deepEqual(names.sort(), ['Member', 'People manager']);
  const chart = page.getByRole('region', { name: 'Manager and managed users' });
  // The administrator leads Marcus, who leads Priya, who leads Tomás: as many lists inside each other.
  await chart.locator('li:has-text("Ingrid Halvorsen") > ul > li:has-text("Marcus Oyelaran") > ul > li:has-text("Priya Raghunathan") > ul > li:has-text("Tomás Ferreira")').waitFor();
  assert.equal(await chart.locator('[aria-current]').innerText(), people.manager);
  await chart.getByRole('link', { name: 'Priya Raghunathan' }).click();
  await heading(page, 'Priya Raghunathan').waitFor();
  assert.equal(await page.getByRole('link', { name: 'Edit' }).count(), 0, 'who may not edit is not led to it');
});

test('what is not there is said to be not there', async (t) => {
  const page = await stage.visit(t, people.member);
  for (const path of ['/nothing', '/users/7', '/users/0199c0de-0000-7000-8000-00000000dead', '/users?cursor=nonsense', '/users?role=7']) {
    await page.goto(`${stage.app.origin}${path}`);
    await page.getByRole('heading', { name: 'Not found' }).waitFor();
    await page.getByRole('link', { name: 'All users' }).waitFor();
  }
});

test('an API that is down is said to be down, and nothing else', async (t) => {
  const port = await freePort();
  const broken = await startApp(`http://127.0.0.1:${port}`, await freePort());
  t.after(() => broken.stop());
  const { page } = await stage.visitor(t);
  // Cookies know no ports: the session is good at both apps.
  await signIn(page, `${stage.app.origin}/users`, people.member);
  await page.goto(`${broken.origin}/users`);
  await page.getByRole('main').getByRole('alert').getByRole('button', { name: 'Try again' }).waitFor();
  assert.doesNotMatch(await page.content(), new RegExp(`${port}|ECONNREFUSED`));
});
