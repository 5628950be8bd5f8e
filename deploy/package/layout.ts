/** Where the files of a commit go on a host. */
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { copyModules } from './modules.ts';

/** Development and tests stay behind. */
const left =
  /(^|\/)(test|testing|package|systemd|openapi\/main\.ts|openapi\/files\.ts|package\.js|test\.js|tempest\.js|bench\.js|openapi\.js)$|\.test\.ts$/;
const sourceFolders = ['deploy', 'services', 'shared'];

export function layOut(sources: string, tree: string): void {
  const lib = join(tree, 'usr/lib/wattle');
  copySources(sources, lib);
  cpSync(join(sources, 'package.json'), join(lib, 'package.json'));
  copyModules(sources, lib);
  const debian = join(sources, 'deploy/package/debian');
  place(join(debian, 'wattle'), join(tree, 'usr/bin/wattle'), 0o755);
  place(join(debian, 'wattle.yaml'), join(tree, 'etc/wattle/wattle.yaml'));
  place(join(debian, 'default'), join(tree, 'etc/default/wattle'));
  place(join(debian, 'logrotate'), join(tree, 'etc/logrotate.d/wattle'));
  place(join(debian, 'copyright'), join(tree, 'usr/share/doc/wattle/copyright'));
  place(join(sources, 'README.md'), join(tree, 'usr/share/doc/wattle/README.md'));
  place(join(debian, 'lintian-overrides'), join(tree, 'usr/share/lintian/overrides/wattle'));
  const units = join(sources, 'deploy/systemd');
  for (const unit of readdirSync(units)) place(join(units, unit), join(tree, 'usr/lib/systemd/system', unit));
  for (const folder of ['var/lib/wattle', 'var/log/wattle', 'var/cache/wattle'])
    mkdirSync(join(tree, folder), { recursive: true });
  symlinkSync('/var/log/wattle', join(tree, 'var/lib/wattle/log'));
}

export function copySources(sources: string, to: string): void {
  for (const folder of sourceFolders) copyTree(join(sources, folder), join(to, folder));
  cpSync(join(sources, 'openapi'), join(to, 'openapi'), { recursive: true });
}

function copyTree(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (file) => !left.test(file.slice(dirname(from).length + 1)) });
}

export function place(from: string, to: string, mode = 0o644): void {
  if (!existsSync(from)) throw new Error(`the commit has no ${from}`);
  mkdirSync(dirname(to), { recursive: true });
  cpSync(from, to);
  chmodSync(to, mode);
}

export function write(file: string, text: string | Buffer, mode = 0o644): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode });
}
