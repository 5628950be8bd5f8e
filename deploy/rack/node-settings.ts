/** The settings of a node: those of the cloud, of this host, and of wattle.yaml, which may not contradict the cloud. */
import { BadSettings, variableOf } from '#shared/config/settings.ts';
import { settingsBehindDoor } from './door.ts';
import { type NodeFile, readSettings } from './node-directory.ts';
import type { SettingsDocument } from './registry/protocol.ts';

type File = Readonly<Record<string, Readonly<Record<string, unknown>> | null>>;

/** Throws BadSettings, whose message lists all settings that must be equal on all nodes and are not. */
export function mergeNodeSettings(
  path: string,
  { name, cloudId, roles }: NodeFile,
  file: File,
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, Record<string, unknown>> {
  const { cloud, host } = readSettings(path);
  const differences = entriesOf(cloud).flatMap(([section, key, value]) => {
    const own = environment[variableOf(section, key)] ?? file[section]?.[key];
    return own === undefined || String(own) === String(value)
      ? []
      : [`${section}.${key}: ${own} here, ${value} in the cloud`];
  });
  if (differences.length > 0)
    throw new BadSettings(`node ${name} does not fit cloud ${cloudId}: ${differences.join('; ')}`);
  const behindDoor = cloud.cloud?.virtualAddress && roles.includes('management') ? settingsBehindDoor() : {};
  const layers: File[] = [behindDoor, cloud, host, file];
  const sections = [...new Set(layers.flatMap((each) => Object.keys(each)))];
  return Object.fromEntries(
    sections.map((section) => [section, Object.assign({}, ...layers.map((each) => each[section]))]),
  );
}

const entriesOf = (settings: SettingsDocument): [string, string, unknown][] =>
  Object.entries(settings).flatMap(([section, values]) =>
    Object.entries(values).map(([key, value]): [string, string, unknown] => [section, key, value]),
  );
