/** Builds the npm package of a commit. Node strips no types below node_modules, so the sources in it have none. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from '#shared/process/run.ts';
import { checkOut } from './build-deb.ts';
import { copySources } from './layout.ts';

export async function buildNpm({ commit, output }: { commit: string; output: string }): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'npm-'));
  try {
    const sources = join(folder, 'sources');
    const tree = join(folder, 'wattle');
    await checkOut(commit, sources);
    mkdirSync(tree);
    copySources(sources, tree);
    stripTypes(tree);
    writeFileSync(join(tree, 'stripped'), 'The sources here have no types: deploy/setup/module-resolver.js.\n');
    for (const name of ['README.md', 'LICENSE']) cpSync(join(sources, name), join(tree, name));
    writeFileSync(join(tree, 'package.json'), `${JSON.stringify(describe(sources), null, 2)}\n`);
    mkdirSync(output, { recursive: true });
    const { stdout } = await run(['npm', 'pack', '--silent', `--pack-destination=${output}`], { cwd: tree });
    return join(output, stdout.trim());
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Without what only a clone has. */
function describe(sources: string): object {
  const {
    devDependencies: _,
    private: __,
    scripts: ___,
    ...kept
  } = JSON.parse(readFileSync(join(sources, 'package.json'), 'utf8')) as Record<string, unknown>;
  return kept;
}

/** Types become blanks, so that lines and columns in stacks stay those of the sources. */
function stripTypes(tree: string): void {
  for (const name of readdirSync(tree, { recursive: true, encoding: 'utf8' }).filter(isSource)) {
    const file = join(tree, name);
    writeFileSync(file, stripTypeScriptTypes(readFileSync(file, 'utf8')));
  }
}

const isSource = (name: string) => name.endsWith('.ts') && !name.endsWith('.d.ts');
