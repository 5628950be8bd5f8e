/** The placement of the ring in the registry: it follows the nodes that join, are drained and leave, and what `wattle ring` moves. */
import { parseDevice } from '#shared/ring/device.ts';
import { decodePlacement, encodePlacement, follow, type Given, type Placement } from '#shared/ring/placement.ts';
import { Refusal } from '../../command.ts';
import type { SettingsDocument } from './protocol.ts';
import { completeSettings, listByAge } from './settings-of.ts';
import type { Registry } from './store.ts';

const section = 'object-ring';
const defaultPartPower = 10;

/** Undefined before the first node with devices. */
export async function findPlacement(registry: Pick<Registry, 'findSettings'>): Promise<Placement | undefined> {
  return placementIn((await registry.findSettings()) ?? {});
}

function placementIn(settings: SettingsDocument): Placement | undefined {
  const text = settings[section]?.placement;
  return typeof text === 'string' && text !== '' ? decodePlacement(JSON.parse(text)) : undefined;
}

const withPlacement = (settings: SettingsDocument, placement: Placement): SettingsDocument => ({
  ...settings,
  [section]: { ...settings[section], placement: JSON.stringify(encodePlacement(placement)) },
});

/** Throws Refusal when somebody has changed the ring meanwhile. */
export const savePlacement = (registry: Registry, before: Placement, next: Placement): Promise<void> =>
  registry.updateSettings((settings) => {
    if (placementIn(settings)?.version !== before.version)
      throw new Refusal('the ring has changed meanwhile: look at it again (wattle ring plan)');
    return withPlacement(settings, next);
  });

/** Brings the devices of all nodes into the ring: replicas without a device get one, and none is moved. Idempotent. */
export async function followNodes(registry: Registry): Promise<void> {
  const nodes = await listByAge(registry);
  if (nodes.every(({ devices }) => devices.length === 0)) return;
  await registry.updateSettings((settings) => {
    const before = placementIn(settings);
    const next = follow(before, givenIn(completeSettings(settings, nodes)));
    return next === before ? undefined : withPlacement(settings, next);
  });
}

function givenIn({ [section]: ring = {} }: SettingsDocument): Given {
  const devices = (ring.devices as readonly string[]).map((device) => parseDevice(device, ''));
  return { devices, replicas: Number(ring.replicas), partPower: Number(ring.partPower ?? defaultPartPower) };
}
