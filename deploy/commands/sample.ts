import { type Section, variableOf } from '#shared/config/settings.ts';
import type { Command } from '../command.ts';
import { parts } from '../roles.ts';
import { commonSections, sectionOf } from '../settings.ts';

export const command: Command = async () => {
  process.stdout.write(
    '# wattle.yaml: every setting with its default. To change one, uncomment its line and that of its section.\n',
  );
  for (const [name, section] of Object.entries(commonSections)) process.stdout.write(sample(name, section));
  for (const part of parts) process.stdout.write(sample(part, await sectionOf(part)));
  return 0;
};

function sample(name: string, section: Section): string {
  const lines = Object.entries(section).map(
    ([key, { fallback, meaning }]) =>
      `  # ${meaning}; or ${variableOf(name, key)}\n  # ${key}: ${JSON.stringify(fallback)}\n`,
  );
  return `\n# ${name}:\n${lines.join('')}`;
}
