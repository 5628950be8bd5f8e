import { existsSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { type Command, Refusal, textOption } from '../command.ts';
import { createFirstNode } from '../rack/first-node.ts';
import { findJoined } from '../rack/join-cloud.ts';
import { confirmPlan, describe, installPackages, planFor, printStep, withoutFullDisk } from '../rack/node-options.ts';
import { listAddresses } from '../rack/this-host.ts';
import { readSettingsFile, varPath } from '../settings.ts';
import { command as start } from './start.ts';

export const command: Command = async (options) => {
  const path = await varPath();
  const joined = findJoined(path, existsSync(join(path, 'layout.json')));
  if (!joined) {
    const given = await readSettingsFile(textOption(options, 'settings'));
    const virtual = chooseVirtual(textOption(options, 'virtual-address'));
    const plan = await planFor(options, path, true);
    await confirmPlan('This host becomes the first node of a new cloud:', plan, options);
    await installPackages(plan);
    printStep('creating the authority, secrets and settings of the cloud');
    const disk = textOption(options, 'disk') ?? '';
    await withoutFullDisk(path, 'init', () => createFirstNode(path, plan.node, given, disk, virtual));
  } else printStep(`already ${describe(joined)}: nothing to do`);
  return options.given['no-start'] ? 0 : start(options);
};

/** An address in the network of this host that no host has. */
function chooseVirtual(given: string | undefined): string {
  if (given === undefined) return '';
  if (isIP(given) !== 4) throw new Refusal(`--virtual-address: ${given} is no IPv4 address`);
  if (listAddresses().includes(given))
    throw new Refusal(`--virtual-address: ${given} is an address of this host; give one that no host has`);
  return given;
}
