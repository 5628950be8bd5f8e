/** The page for people in a real browser, on a cloud whose hosts are fake. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Page } from 'playwright-core';
import { request, textOf } from '#shared/clients/http.ts';
import { obstacles, openBrowser, skip } from './dashboard/browser.ts';
import { adminOf } from './story/api.ts';
import { fakeHosts, pipClient, startStoryCloud, until } from './story/cloud.ts';

const hostile = `<img src=x onerror="document.title='broken'">"'&{{7*7}}`;

test('the page for people', { skip }, async (t) => {
  const cloud = await startStoryCloud(t, { split: false, client: pipClient(), env: fakeHosts });
  const admin = adminOf(cloud);
  const base = `http://${cloud.address}:8090`;
  const password = (await readFile(join(cloud.folder, 'var/secrets/admin'), 'utf8')).trim();
  const ask = async (method: string, path: string, headers: Record<string, string>, body?: object) => {
    const json = body === undefined ? {} : { body: JSON.stringify(body) };
    const type = body === undefined ? {} : { 'content-type': 'application/json' };
    const reply = await request(base + path, { method, headers: { ...type, ...headers }, ...json });
    return { status: reply.status, headers: reply.headers, text: await textOf(reply) };
  };

  const open = await openBrowser(t);
  await addImage(admin, 'Small system');
  const logIn = async (page: Page) => {
    await page.goto(base);
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('heading', { name: 'Machines' }).waitFor();
  };

  await t.test('a wrong password is said in plain words, and the first page is small', async () => {
    const { page, errors } = await open();
    const sizes: Promise<number>[] = [];
    page.on('response', (answer) =>
      sizes.push(
        answer.body().then(
          (body) => body.length,
          () => 0,
        ),
      ),
    );
    await page.goto(base);
    await page.getByLabel('User name').fill('admin');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('The user name or the password is wrong.').waitFor();
    assert.deepEqual(await obstacles(page), []);
    const bytes = (await Promise.all(sizes)).reduce((sum, each) => sum + each, 0);
    assert.ok(bytes < 200_000, `${bytes} bytes`);
    assert.ok(sizes.length < 30, `${sizes.length} requests`);
    assert.deepEqual(errors, []);
  });

  await t.test(
    'three questions make a machine, which is stopped, started and deleted, without the word flavor',
    async () => {
      const { page, errors } = await open();
      await logIn(page);
      assert.deepEqual(await obstacles(page), []);
      await page.getByRole('link', { name: 'New machine' }).click();
      await page.getByText('Small system').click();
      await page.getByLabel('What is it called?').fill('web-1');
      assert.deepEqual(await obstacles(page), []);
      assert.doesNotMatch(await page.locator('body').innerText(), /flavou?r/i);
      await page.getByRole('button', { name: 'Create the machine' }).click();
      const card = page.getByRole('listitem').filter({ hasText: 'web-1' });
      await card.getByText('running', { exact: true }).waitFor();
      await card.getByText(/192\.168\.77\.\d+/).waitFor();
      assert.deepEqual(await obstacles(page), []);
      await card.getByRole('button', { name: 'Stop: web-1' }).click();
      await card.getByText('off', { exact: true }).waitFor();
      await card.getByRole('button', { name: 'Start: web-1' }).click();
      await card.getByText('running', { exact: true }).waitFor();
      await card.getByRole('button', { name: 'Change the size: web-1' }).click();
      await card.getByLabel('New size').selectOption({ label: '1 core, 2 GB memory, 20 GB disk' });
      assert.deepEqual(await obstacles(page), []);
      await card.getByRole('button', { name: 'Change it' }).click();
      await card.getByRole('button', { name: 'Keep the new size: web-1' }).click();
      await card.getByText('running', { exact: true }).waitFor();
      await card.getByText('1 core, 2 GB memory, 20 GB disk').waitFor();
      await card.getByRole('button', { name: 'Access: web-1' }).click();
      const web = card.getByLabel('Web (HTTP)');
      await web.setChecked(true);
      await until('the web is open', async () => (await openGroups(admin)).includes('open: http'));
      await card.getByRole('button', { name: 'Give it a public address' }).click();
      await card.getByRole('button', { name: /^Take the public address 172\.24\.\d+\.\d+ away$/ }).click();
      await card.getByRole('button', { name: 'Give it a public address' }).waitFor();
      assert.deepEqual(await obstacles(page), []);
      await web.setChecked(false);
      await until('the web is closed', async () => (await openGroups(admin)).length === 0);
      await card.getByRole('button', { name: 'Make a template: web-1' }).click();
      await card.getByLabel('Name of the template').fill('copy of web-1');
      await card.getByRole('button', { name: 'Make the template' }).click();
      await page.getByRole('link', { name: 'Media library' }).click();
      await page.getByRole('heading', { name: 'copy of web-1' }).waitFor();
      await page.getByRole('link', { name: 'Machines' }).click();
      await card.getByText('running', { exact: true }).waitFor();
      page.once('dialog', (dialog) => void dialog.accept());
      await card.getByRole('button', { name: 'Delete: web-1' }).click();
      await page.getByText('There is no machine in this project yet.').waitFor();
      assert.deepEqual(errors, []);
    },
  );

  await t.test(
    'OSSA-2013-036, OSSA-2014-010, OSSA-2014-023, OSSA-2016-010: names are text in a browser, whatever they are',
    async () => {
      await addImage(admin, hostile);
      const { id } = await createServer(admin, hostile);
      const { page, errors } = await open();
      await logIn(page);
      const card = page.getByRole('listitem').filter({ hasText: hostile });
      await card.waitFor();
      await page.getByRole('link', { name: 'New machine' }).click();
      await page.getByText(hostile).waitFor();
      assert.equal(await page.title(), 'Wattle');
      assert.equal(await page.locator('img[src=x]').count(), 0);
      assert.deepEqual(errors, []);
      await admin.json('compute', `/servers/${id}`, { method: 'DELETE' });
    },
  );

  await t.test('a file becomes a template that is named, checked and deleted; what is no disk is refused', async () => {
    const { page, errors } = await open();
    await logIn(page);
    await page.getByRole('link', { name: 'Media library' }).click();
    await page.getByRole('heading', { name: 'Media library' }).waitFor();
    const upload = async (name: string, buffer: Buffer) => {
      await page.locator('input[type=file]').setInputFiles({ name, mimeType: 'application/octet-stream', buffer });
      await page.getByRole('button', { name: /^Upload/ }).click();
    };
    await upload('packed.img.gz', Buffer.concat([Buffer.from([0x1f, 0x8b]), Buffer.alloc(1000)]));
    await page.getByText('The file is packed (gzip): unpack it').waitFor();
    await upload('setup.iso', iso());
    await page.getByText('setup is in the library: disc (ISO), 64 KB.').waitFor();
    assert.deepEqual(await obstacles(page), []);
    const card = page.getByRole('listitem').filter({ hasText: 'setup' });
    await card.getByRole('button', { name: 'Rename' }).click();
    await page.getByLabel('Name').fill('Office system');
    await page.getByLabel('What is it for?').fill('for the laptops');
    await page.getByRole('button', { name: 'Save' }).click();
    const renamed = page.getByRole('listitem').filter({ hasText: 'for the laptops' });
    await renamed.getByText('ready').waitFor();
    page.once('dialog', (dialog) => void dialog.accept());
    await renamed.getByRole('button', { name: 'Delete: Office system' }).click();
    await renamed.waitFor({ state: 'detached' });
    const { images } = await admin.json<{ images: { name: string }[] }>('image', '/v2/images');
    assert.ok(images.every(({ name }) => name !== 'packed.img' && name !== 'Office system'));
    assert.deepEqual(errors, []);
  });

  await t.test('an administrator sees the hosts with their room, and nobody else does', async () => {
    const { page, errors } = await open();
    await logIn(page);
    await page.getByRole('link', { name: 'Hosts' }).click();
    await page.getByText('All parts of the cloud answer.').waitFor();
    await page.getByText(/^Memory: .* of .* GB$/).waitFor();
    assert.deepEqual(await obstacles(page), []);
    assert.deepEqual(errors, []);
    const login = await ask('POST', '/api/session', {}, await createMember(admin));
    const [cookie = ''] = String(login.headers['set-cookie']).split(';');
    assert.equal((await ask('GET', '/api/rack', { cookie })).status, 403);
  });

  await t.test('a session ends everywhere within two seconds of its logout', async () => {
    const first = await open();
    await logIn(first.page);
    const second = await first.context.newPage();
    await second.goto(base);
    await second.getByRole('heading', { name: 'Machines' }).waitFor();
    const cookie = await cookieOf(first.page);
    await first.page.getByRole('button', { name: 'Log out' }).click();
    const began = performance.now();
    await second.getByText('Your session has ended: log in again.').waitFor();
    assert.ok(performance.now() - began < 2_000, `${performance.now() - began} ms`);
    assert.equal((await ask('GET', '/api/machines', { cookie })).status, 401);
  });

  await t.test('other sites neither read nor change anything, and no script of theirs runs', async () => {
    const login = await ask('POST', '/api/session', {}, { user: 'admin', password });
    const [cookie = ''] = String(login.headers['set-cookie']).split(';');
    assert.match(String(login.headers['set-cookie']), /; HttpOnly; SameSite=Strict/);
    const { session } = JSON.parse(login.text) as { session: { csrf: string } };
    const token = { cookie, 'x-csrf-token': session.csrf };
    assert.equal((await ask('GET', '/api/machines', token)).status, 200);
    const input = { name: 'x', template: 'x', size: '1' };
    const foreign = [
      ask('GET', '/api/machines', { ...token, origin: 'http://evil.example' }),
      ask('GET', '/api/machines', { ...token, origin: `http://${cloud.address}:8080` }),
      ask('GET', '/api/machines', { ...token, 'sec-fetch-site': 'same-site' }),
      ask('POST', '/api/session', { origin: 'null' }, { user: 'admin', password }),
      ask('POST', '/api/machines', { cookie }, input),
      ask('POST', '/api/machines', { cookie, 'x-csrf-token': 'guessed' }, input),
      ask('DELETE', '/api/session', { cookie }),
    ];
    for (const { status } of await Promise.all(foreign)) assert.equal(status, 403);
    const page = await ask('GET', '/', {});
    assert.match(String(page.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
    assert.doesNotMatch(page.text, /<script(?![^>]*src=)|\son\w+=|style=/);
    for (const path of ['/page/../service.ts', '/page/%2e%2e/service.ts', '/modules/novnc/../../package.json'])
      assert.equal((await ask('GET', path, {})).status, 404, path);
    assert.equal((await ask('DELETE', '/api/session', token)).status, 204);
    assert.equal((await ask('GET', '/api/machines', token)).status, 401);
  });
});

/** An empty disc: the signature of ISO 9660 is in its sector 16. */
function iso(): Buffer {
  const disc = Buffer.alloc(64 * 1024);
  disc.write('\x01CD001\x01', 0x8000, 'latin1');
  return disc;
}

const cookieOf = async (page: Page): Promise<string> => {
  const [cookie] = await page.context().cookies();
  return `${cookie?.name}=${cookie?.value}`;
};

type Admin = ReturnType<typeof adminOf>;

async function addImage(admin: Admin, name: string): Promise<void> {
  const body = { name, disk_format: 'raw', container_format: 'bare', visibility: 'public' };
  const { id } = await admin.json<{ id: string }>('image', '/v2/images', { method: 'POST', body });
  const headers = { 'content-type': 'application/octet-stream' };
  const reply = await admin.raw('image', `/v2/images/${id}/file`, {
    method: 'PUT',
    headers,
    body: Buffer.alloc(1024 * 1024),
  });
  assert.equal(reply.status, 204, await textOf(reply));
}

/** Returns the login of a new user who is a member of project admin. */
async function createMember(admin: Admin): Promise<{ user: string; password: string }> {
  const login = { user: 'ada', password: 'some-Password-1' };
  const input = { user: { name: login.user, password: login.password } };
  const { user } = await admin.json<{ user: { id: string } }>('identity', '/users', { method: 'POST', body: input });
  const { projects } = await admin.json<{ projects: { id: string }[] }>('identity', '/projects?name=admin');
  const { roles } = await admin.json<{ roles: { id: string }[] }>('identity', '/roles?name=member');
  await admin.json('identity', `/projects/${projects[0]?.id}/users/${user.id}/roles/${roles[0]?.id}`, {
    method: 'PUT',
  });
  return login;
}

/** Names of the groups with which ports let everybody in. */
async function openGroups(admin: Admin): Promise<string[]> {
  const { ports } = await admin.json<{ ports: { security_groups: string[] }[] }>('network', '/v2.0/ports');
  const { security_groups: groups } = await admin.json<{ security_groups: { id: string; name: string }[] }>(
    'network',
    '/v2.0/security-groups',
  );
  const used = new Set(ports.flatMap((port) => port.security_groups));
  return groups.filter(({ id, name }) => used.has(id) && name.startsWith('open: ')).map(({ name }) => name);
}

async function createServer(admin: Admin, name: string): Promise<{ id: string }> {
  const { images } = await admin.json<{ images: { id: string }[] }>('image', '/v2/images');
  const server = { name, imageRef: images[0]?.id, flavorRef: '1', networks: 'none' };
  const headers = { 'openstack-api-version': 'compute 2.93' };
  const made = await admin.json<{ server: { id: string } }>('compute', '/servers', {
    method: 'POST',
    body: { server },
    headers,
  });
  await until('the server is there', async () => {
    const found = await admin.json<{ server: { status: string } }>('compute', `/servers/${made.server.id}`);
    return found.server.status === 'ACTIVE';
  });
  return made.server;
}
