/** The settings of wattle.yaml and the environment, with the defaults that follow from the directory of the cloud. */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Cloud, cloudSection, readCloud } from '#shared/config/cloud.ts';
import { BadSettings, type Section, type Settings, settingsOf } from '#shared/config/settings.ts';
import { ringSection } from '#shared/ring/config.ts';
import { type Directory, ensureDirectory, findDirectory } from './cloud/directory.ts';
import { type Layout, layoutOf } from './cloud/layout.ts';
import { Refusal } from './command.ts';
import { findNodeFile, type NodeFile } from './rack/node-directory.ts';
import { mergeNodeSettings } from './rack/node-settings.ts';
import type { SettingsDocument } from './rack/registry/protocol.ts';
import { type Part, parts } from './roles.ts';
import { root } from './setup/paths.js';

export interface Home {
  readonly directory: Directory;
  readonly layout: Layout;
  readonly settings: Settings;
  readonly cloud: Cloud;
  /** Set on a node of a rack. */
  readonly node: NodeFile | undefined;
}

/** Creates the directory of the cloud when there is none. Throws BadSettings, whose message names the wrong setting. */
export async function openHome(options: { split?: boolean } = {}): Promise<Home> {
  const file = await readFile();
  await checkSections(settingsOf(file, process.env)); // before anything is created
  refuseHalfRestored(varOf(file));
  const node = findNodeFile(varOf(file));
  const directory = ensureDirectory(varOf(file), node && { id: node.cloudId });
  return homeOf(file, directory, await layoutOf(directory, options.split ?? false));
}

/** A restore that was killed has moved some files into place; a start would make a new cloud of them. */
function refuseHalfRestored(path: string): void {
  if (existsSync(join(path, 'restoring')) && !existsSync(join(path, 'id')))
    throw new Refusal(`a restore into ${path} was interrupted: repeat wattle restore`);
}

/** Undefined when there is no cloud yet. */
export async function findHome(): Promise<Home | undefined> {
  const file = await readFile();
  const directory = findDirectory(varOf(file));
  return directory && homeOf(file, directory, await layoutOf(directory, false));
}

/** Throws Refusal when there is no cloud yet. */
export async function getHome(): Promise<Home> {
  const home = await findHome();
  if (!home) throw new Refusal('there is no cloud here yet; npm start creates one');
  return home;
}

function homeOf(file: File, directory: Directory, layout: Layout): Home {
  const node = findNodeFile(directory.path);
  const environment = { ...process.env, WATTLE_VAR: directory.path };
  const given = node ? mergeNodeSettings(directory.path, node, file, environment) : file;
  const all = { ...given, cloud: { ...layout.defaults, ...given.cloud } };
  const settings = settingsOf(all, environment, { ignoresUnknown: node !== undefined }); // openHome has checked the file
  return { directory, layout, settings, cloud: readCloud(settings), node };
}

/** The settings that a part declares. */
export async function sectionOf(part: Part): Promise<Section> {
  const { section } = (await import(new URL(`../services/${part}/config.ts`, import.meta.url).href)) as {
    section: Section;
  };
  return section;
}

/** Sections that several parts read. */
export const commonSections: Readonly<Record<string, Section>> = { cloud: cloudSection, 'object-ring': ringSection };

/** Reads every section once, so that a mistake in any of them is found at start. */
async function checkSections(settings: Settings): Promise<void> {
  const known = [...Object.keys(commonSections), ...parts];
  const unknown = settings.sections.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new BadSettings(`${unknown} is not a section; sections are ${known.join(', ')}`);
  for (const [name, section] of Object.entries(commonSections)) settings.read(name, section);
  for (const part of parts) settings.read(part, await sectionOf(part));
}

type File = Parameters<typeof settingsOf>[0];

/** Settings that no two nodes share, so that they are not for the settings of a cloud. */
const hostSettings = [
  ['cloud', 'id'],
  ['cloud', 'address'],
  ['cloud', 'host'],
  ['cloud', 'var'],
  ['network-agent', 'tunnelAddress'],
  ['network-agent', 'physicalNetworks'],
  ['volume-agent', 'portal'],
  ['object-agent', 'listen'],
  ['object-ring', 'devices'],
] as const;

/** Settings for all nodes of a new cloud: a file, or wattle.yaml. Throws BadSettings for an unknown setting or a missing file. */
export async function readSettingsFile(name: string | undefined): Promise<SettingsDocument> {
  if (name !== undefined && !existsSync(name)) throw new BadSettings(`there is no file ${name}`);
  const file = await readFile(name);
  await checkSections(settingsOf(file));
  const own = hostSettings.find(([section, key]) => file[section]?.[key] !== undefined);
  if (own)
    throw new BadSettings(
      `${own.join('.')} differs between nodes: ${own[0] === 'cloud' ? 'wattle init and wattle join choose it' : 'set it in wattle.yaml of the node'}`,
    );
  return Object.fromEntries(Object.entries(file).map(([section, values]) => [section, values ?? {}]));
}

/** The settings file; '' when there is none. */
export const settingsFile = (): string => (existsSync(settingsPath()) ? settingsPath() : '');

const settingsPath = () => process.env.WATTLE_SETTINGS ?? join(root, 'wattle.yaml');

async function readFile(given?: string): Promise<File> {
  const name = given ?? settingsPath();
  if (!existsSync(name)) return {};
  try {
    const { parseYaml } = await import('#shared/config/yaml.ts'); // loaded only when the file exists: agents stay small
    return (parseYaml(readFileSync(name, 'utf8')) ?? {}) as File;
  } catch (cause) {
    throw new BadSettings(`${name}: ${(cause as Error).message}`, { cause });
  }
}

export const varPath = async (): Promise<string> => varOf(await readFile());

/** Relative to the clone, not to the working directory. */
function varOf(file: File): string {
  const given = process.env.WATTLE_VAR ?? file.cloud?.var ?? cloudSection.var.fallback;
  return resolve(root, String(given));
}
