/** Allocates segmentation ids and physical networks. */
import { randomInt } from 'node:crypto';
import { conflict, Fault } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { invalidInput } from '../resources/values.ts';
import { isSegmentTaken, type NetworkRow, networkRows } from './store.ts';

export interface ProviderInput {
  readonly 'provider:network_type'?: string | null;
  readonly 'provider:physical_network'?: string | null;
  readonly 'provider:segmentation_id'?: number | string | null;
}

type Segment = Pick<NetworkRow, 'networkType' | 'physicalNetwork' | 'segmentationId'>;

export async function segmentFor(network: Network, input: ProviderInput): Promise<Segment> {
  const type = input['provider:network_type'] ?? 'vxlan';
  const physicalNetwork = input['provider:physical_network'] ?? null;
  const requested = input['provider:segmentation_id'] ?? null;
  if (type === 'flat') return flatSegment(network, physicalNetwork, requested);
  if (type !== 'vxlan' && type !== 'local') throw invalidInput(`network_type value '${type}' not supported`);
  if (physicalNetwork !== null) throw invalidInput(`provider:physical_network specified for ${type} network`);
  const segmentationId =
    requested === null ? await freeNumber(network) : await requestedNumber(network, Number(requested));
  return { networkType: type, physicalNetwork, segmentationId };
}

async function flatSegment(network: Network, label: string | null, requested: unknown): Promise<Segment> {
  if (requested !== null) throw invalidInput('segmentation_id specified for flat network');
  if (label === null) throw invalidInput('physical_network required for flat provider network');
  if (!network.config.flatNetworks.includes(label))
    throw invalidInput(`physical_network '${label}' unknown for flat provider network`);
  if ((await networkRows.countOf(network.db, { physicalNetwork: label })) > 0)
    throw conflict(`Unable to create the flat network. Physical network ${label} is in use.`, 'FlatNetworkInUse');
  return { networkType: 'flat', physicalNetwork: label, segmentationId: await freeNumber(network) };
}

/** Picks at random, so that a number is not reused soon: packets and connections of its last network may still exist. */
async function freeNumber({ db, config }: Network): Promise<number> {
  const { segmentFirst, segmentLast } = config;
  for (let tries = 0; tries < 50; tries += 1) {
    const number = randomInt(segmentFirst, segmentLast + 1);
    if (!(await isSegmentTaken(db, number))) return number;
  }
  for (let number = segmentFirst; number <= segmentLast; number += 1)
    if (!(await isSegmentTaken(db, number))) return number;
  const message = 'Unable to create the network. No tenant network is available for allocation.';
  throw new Fault(503, 'serviceUnavailable', message, { type: 'NoNetworkAvailable' });
}

async function requestedNumber({ db, config }: Network, number: number): Promise<number> {
  if (!(number >= config.segmentFirst && number <= config.segmentLast))
    throw invalidInput(`segmentation_id out of range (${config.segmentFirst} through ${config.segmentLast})`);
  if (await isSegmentTaken(db, number))
    throw conflict(`Unable to create the network. The tunnel ID ${number} is in use.`, 'TunnelIdInUse');
  return number;
}

/** The largest MTU: VXLAN adds 50 bytes. */
export const largestMtu = ({ config }: Network, networkType: string): number =>
  networkType === 'vxlan' ? config.underlayMtu - 50 : config.underlayMtu;
