/** What other hosts may ask at the door: see door.ts. */
import type { Guest, QemuHost, QemuSettings } from '../host.ts';
import { type Door, openDoor } from './door.ts';
import { sendFile } from './offer.ts';

export function openTransfers(listen: QemuSettings['listen'], host: () => QemuHost): Door {
  const guestOf = (transferId: string): Guest | undefined =>
    [...host().guests.values()].find(({ record }) => record.transfer?.id === transferId);
  return openDoor({
    ...listen,
    keyOf: (transferId) => guestOf(transferId)?.record.transfer?.transferKey,
    serve: async (transferId, text, socket) => {
      const guest = guestOf(transferId);
      const request = JSON.parse(text) as { file?: unknown };
      if (!guest || typeof request.file !== 'string') throw new Error('a request at the door that it does not know');
      await sendFile(host(), guest, request.file, socket);
    },
    onError: (error) => host().log.warn({ error }, 'a transfer between hosts was broken off'),
  });
}
