/** What other hosts may ask at the door: see door.ts. */
import type { Guest, QemuHost, QemuSettings } from '../host.ts';
import { type Door, openDoor } from './door.ts';
import { sendFile } from './offer.ts';
import { enterGuest } from './tunnel.ts';

export function openTransfers(listen: QemuSettings['listen'], host: () => QemuHost): Door {
  const guestOf = (transferId: string): Guest | undefined =>
    [...host().guests.values()].find(({ record }) => record.transfer?.id === transferId);
  return openDoor({
    ...listen,
    keyOf: (transferId) => guestOf(transferId)?.record.transfer?.transferKey,
    serve: async (transferId, text, socket) => {
      const guest = guestOf(transferId);
      const { file, to } = JSON.parse(text) as { file?: unknown; to?: unknown };
      if (guest && typeof file === 'string') return sendFile(host(), guest, file, socket);
      if (guest && (to === 'memory' || to === 'disks')) return enterGuest(host(), guest, to, socket);
      throw new Error('a request at the door that it does not know');
    },
    onError: (error) => host().log.warn({ error }, 'a transfer between hosts was broken off'),
  });
}
