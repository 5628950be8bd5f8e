import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryBus } from '#shared/bus/memory.ts';
import { settingsOf, text } from '#shared/config/settings.ts';
import { silentLog } from '#shared/log/log.ts';
import { startApi } from './start-api.ts';

const section = {
  listen: text('8000', 'where the API answers'),
  publicUrl: text('', 'for links'),
  colour: text('red', 'of the shed'),
};

test('what the cloud and the service were told reaches the door', async (t) => {
  const cloud = { address: '127.0.0.9', validation: 'strict', publicAddress: 'cloud.example' };
  const settings = settingsOf({ cloud, shed: { listen: '8001' } });
  const begun = startApi({ settings, bus: memoryBus(), log: silentLog() }, 'shed', section, 'shed');
  t.after(begun.close);
  assert.deepEqual(begun.apiServer.at, { host: '127.0.0.9', port: 8001 });
  assert.equal(begun.apiServer.validation, 'strict');
  assert.equal(begun.identityUrl, 'http://cloud.example:5000');
  assert.deepEqual(begun.config, { listen: '8001', publicUrl: '', colour: 'red' });
});
