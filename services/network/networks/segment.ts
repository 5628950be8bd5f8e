/** Allocates segmentation ids and physical networks. */
import { randomInt } from 'node:crypto';
import { conflict, Fault } from '#shared/errors/fault.ts';
import type { Network } from '../context.ts';
import { invalidInput } from '../resources/values.ts';
import { type NetworkRow, type NewNetwork, networkRows } from './resource.ts';
import { isSegmentTaken } from './store.ts';

type Segment = Pick<NetworkRow, 'networkType' | 'physicalNetwork' | 'segmentationId'>;

export async function segmentFor(network: Network, input: NewNetwork): Promise<Segment> {
  const { networkType = 'vxlan', physicalNetwork = null, segmentationId: requested = null } = input;
  if (networkType === 'flat') return flatSegment(network, physicalNetwork, requested);
  if (networkType !== 'vxlan' && networkType !== 'local')
    throw invalidInput(`network_type value '${networkType}' not supported`);
  if (physicalNetwork !== null) throw invalidInput(`provider:physical_network specified for ${networkType} network`);
  const segmentationId = requested === null ? await freeNumber(network) : await requestedNumber(network, requested);
  return { networkType, physicalNetwork, segmentationId };
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
