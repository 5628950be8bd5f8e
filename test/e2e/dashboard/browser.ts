/** A headless browser for one test. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { TestContext } from 'node:test';
import { type BrowserContext, chromium, type Page } from 'playwright-core';

const isInstalled = (program: string) => spawnSync(program, ['--version']).status === 0;
const program = ['chromium', 'chromium-headless-shell'].find(isInstalled);

/** The reason to skip a test, false when there is a browser. */
export const skip = program ? false : 'no chromium is installed';

/** What a page did that nobody should see: errors of scripts, and what the content policy refused. */
export interface Visit {
  readonly page: Page;
  readonly context: BrowserContext;
  readonly errors: readonly string[];
}

export async function openBrowser(t: TestContext): Promise<(options?: object) => Promise<Visit>> {
  const path = spawnSync('which', [program ?? ''])
    .stdout.toString()
    .trim();
  const browser = await chromium.launch({ executablePath: path, args: ['--no-sandbox', '--disable-gpu'] });
  t.after(() => browser.close());
  return async (options = {}) => {
    const context = await browser.newContext({ locale: 'en-GB', ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(60_000);
    const errors: string[] = [];
    page.on('pageerror', ({ message }) => errors.push(message));
    page.on('console', (line) => {
      if (line.type() === 'error' && !line.text().startsWith('Failed to load resource')) errors.push(line.text());
    });
    return { page, context, errors };
  };
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** What axe finds that keeps people out: `rule: element`. */
export async function obstacles(page: Page): Promise<string[]> {
  type Found = { violations: { id: string; impact: string; nodes: { html: string }[] }[] };
  const { violations } = (await page.evaluate(`${axe}; axe.run()`)) as Found;
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`));
}
