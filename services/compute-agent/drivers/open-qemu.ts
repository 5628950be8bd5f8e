/** Opens the QEMU driver with the settings of the agent. */
import { type Cloud, listenAt } from '#shared/config/cloud.ts';
import type { Log } from '#shared/log/log.ts';
import { type Config, uidsOf } from '../config.ts';
import { readCephKey } from './ceph-key.ts';
import type { Hypervisor } from './hypervisor.ts';
import type { ImageApi } from './qemu/images.ts';
import { isRoot } from './qemu/processes.ts';
import { qemuHypervisor } from './qemu/qemu.ts';

interface OpenQemu {
  readonly cloud: Cloud;
  readonly config: Config;
  readonly directory: string;
  readonly api: ImageApi;
  readonly log: Log;
  readonly onChange: () => void;
}

export async function openQemu({ cloud, config, directory, api, log, onChange }: OpenQemu): Promise<Hypervisor> {
  const { qemu, virtType, cpuModel, ports, tbSizeMb, imageCacheGb, imageCacheDays, consoleLogMb, reserveMb } = config;
  const uids = isRoot ? uidsOf(cloud, config) : null;
  const initiator = `iqn.2026-11.cloud.wattle:${cloud.id}`;
  const consoleLogBytes = consoleLogMb * 1024 * 1024;
  const listen = listenAt(cloud, config.transferListen);
  const settings = {
    listen,
    qemu,
    virtType,
    cpuModel,
    ports,
    tbSizeMb,
    uids,
    initiator,
    ceph: config.cephKeyring === '' ? null : await readCephKey(config.cephKeyring),
    consoleLogBytes,
    cloudId: cloud.id,
  };
  const cache = { maxBytes: imageCacheGb * 1024 ** 3, maxAgeMs: imageCacheDays * 86_400_000 };
  const reserveBytes = reserveMb * 1024 * 1024;
  return qemuHypervisor({ stateDir: directory, settings, cache, reserveBytes, api, log, onChange });
}
