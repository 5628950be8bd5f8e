/**
 * Runs the chapters against any Keystone and prints every answer, for comparing two of them by `diff`:
 *
 *     echo PASSWORD | node test/e2e/identity-client/main.ts http://…:5000/v3 /usr/bin/python3 > here
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startClient } from './client.ts';
import { type Kept, play } from './play.ts';
import type { Heard, Step } from './step.ts';
import { story } from './story.ts';
import { writeClouds, writeFiles } from './world.ts';

const [authUrl = '', python = '/usr/bin/python3', ...chapters] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), 'identity-client-'));
const kept: Kept = writeFiles(folder);
const clouds = writeClouds(folder, { authUrl, adminPassword: readFileSync(0, 'utf8').trim() });
const client = await startClient(python, { OS_CLIENT_CONFIG_FILE: clouds });
const say = (words: string) => process.stdout.write(`${words}\n`);

/** Ids and timestamps differ from run to run. */
const plain = (words: string) =>
  words
    .replace(/\b[0-9a-f]{64}\b|\b[0-9a-f]{32}\b|\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'ID')
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?/g, 'MOMENT')
    .replaceAll(authUrl.replace(/\/v3$/, ''), 'HERE');

const name = python === '/usr/bin/python3' ? 'debian' : 'pip';
const look = ({ line, more }: Step, { code, stdout, stderr }: Heard) =>
  say(`${more.as ?? 'admin'}$ openstack ${line}\n${plain(`  ${code} ${stdout}${stderr}`)}`);
try {
  for (const [chapter, steps] of Object.entries(story)) {
    if (chapters.length > 0 && !chapters.includes(chapter)) continue;
    say(`== ${chapter}`);
    const wrong = await play({ client, name, kept, look }, steps);
    for (const words of wrong) process.stderr.write(`${chapter}: ${words}\n`);
  }
} finally {
  await client.close();
  rmSync(folder, { recursive: true });
}
