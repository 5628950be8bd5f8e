import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Fault } from '#shared/errors/fault.ts';
import { fairSemaphore, withQueueAddress } from './fair-semaphore.ts';
import { openHasher } from './hasher.ts';

const cheap = { memory: 64, passes: 1, atOnce: 2 };
const password = 'correct horse';

/** Hashes of that password, written by passlib for Keystone, at the lowest cost. */
const imported = {
  'bcrypt 2b': '$2b$04$h16WL7B0fBGLuDZT62ziretVeg.xRz9Of0KL8c7ACU9/Ng0kUEUkK',
  'bcrypt 2a': '$2a$04$2rk1/8HlujRS7vqYNGvvmuparDiZmAzkLmnBfMMTMZb6JPysdgnuG',
  'bcrypt 2y': '$2y$04$m3Qjubzg5HaqVPK9moLHoOnIdDWKHxgf/Xba7BWkNB.TLr3.XlCEW',
  'bcrypt of SHA-256': '$bcrypt-sha256$v=2,t=2b,r=4$6rjCE0zn25/5czWZUYqeIu$GcdK13jGSphJlpckB/LbR1A8LNI7nQW',
  scrypt: '$scrypt$ln=8,r=8,p=1$5TxnDGEsJQRACOHc2xtjTA$tYPPTc2Jsbr2jTC1L9TYcsHmNzkhJqoAwCAsiuPZQCo',
  'PBKDF2 of SHA-512':
    '$pbkdf2-sha512$1000$U4oR4pyzFmKs1bq3ds45Zw$egW/FvfFRXKsHF2lvR9aNE/H9FIcqB3EEknVQADBmWOIpVjqnSXTbUi7Hc3QKkDzQhx41N8iyIA4xEwSV0ptxg',
};

test('a password matches its own hash and no other', async () => {
  const hasher = openHasher(cheap);
  const hash = await hasher.hash(password);
  assert.ok(await hasher.verify(password, hash));
  assert.ok(!(await hasher.verify('wrong', hash)));
  assert.ok(!(await hasher.verify(password, null)));
  assert.ok(hasher.isCurrent(hash));
  assert.ok(!openHasher({ ...cheap, passes: 2 }).isCurrent(hash));
});

for (const [name, hash] of Object.entries(imported))
  test(`an imported hash is verified: ${name}`, async () => {
    const hasher = openHasher(cheap);
    assert.ok(hasher.isImportable(hash));
    assert.ok(!hasher.isCurrent(hash), 'the first login replaces it');
    assert.ok(await hasher.verify(password, hash));
    assert.ok(!(await hasher.verify('wrong', hash)));
  });

test('bcrypt compares the first 72 bytes of a password, as in Keystone', async () => {
  const of72 = '$2b$04$3FNVfye6AWGkZkvtuwYkh.pYDlcMMsZ7hq6IVkJNE2X.oI67TQ5pC';
  const hasher = openHasher(cheap);
  assert.ok(await hasher.verify('x'.repeat(73), of72));
  assert.ok(!(await hasher.verify('x'.repeat(71), of72)));
});

test('a hash that costs too much, or is malformed, cannot be imported and matches no password', async () => {
  const hasher = openHasher(cheap);
  const bad = [
    imported['bcrypt 2b'].replace('$04$', '$31$'),
    imported['bcrypt 2b'].replace('$04$', '$03$'),
    imported['bcrypt 2b'].slice(0, -1),
    imported['bcrypt 2b'].replace('$2b$', '$2x$'),
    imported['bcrypt of SHA-256'].replace('r=4', 'r=15'),
    imported.scrypt.replace('ln=8', 'ln=20'),
    imported.scrypt.replace('p=1', 'p=0'),
    imported.scrypt.replace(/[^$]+$/, ''),
    imported['PBKDF2 of SHA-512'].replace('$1000$', '$1000001$'),
    '$6$salt$hash',
    '',
  ];
  for (const hash of bad) {
    assert.ok(!hasher.isImportable(hash), hash);
    assert.ok(!(await hasher.verify(password, hash)), hash);
  }
});

test('a password check beyond the queue limit gets 503 with Retry-After', async () => {
  const hasher = openHasher({ ...cheap, atOnce: 1 });
  const checks = await Promise.allSettled(Array.from({ length: 18 }, () => hasher.verify(password, null)));
  const refused = checks.flatMap((check) => (check.status === 'rejected' ? [check.reason as Fault] : []));
  assert.equal(refused.length, 1, 'one is checked, sixteen wait');
  assert.ok(refused[0] instanceof Fault);
  assert.deepEqual([refused[0].status, refused[0].headers], [503, { 'retry-after': '1' }]);
  assert.equal(await hasher.verify(password, null), false, 'later the queue has room again');
});

test('one address fills at most half of the queue, and other addresses are served in rotation', async () => {
  const issueFederatedToken = fairSemaphore(1, 8);
  const order: string[] = [];
  const started = Promise.withResolvers<void>();
  const submit = (address: string) =>
    withQueueAddress(address, () =>
      issueFederatedToken(async () => {
        await started.promise;
        order.push(address);
      }),
    ).catch(({ status }: Fault) => order.push(`${address} ${status}`));
  const all = [...Array(7).fill('flood'), 'other'].map(submit);
  started.resolve();
  await Promise.all(all);
  assert.deepEqual(
    order.filter((each) => each.endsWith('503')),
    Array(2).fill('flood 503'),
  );
  assert.deepEqual(order.filter((each) => !each.endsWith('503')).slice(0, 3), ['flood', 'flood', 'other']);
});

test('the known secret of a service is verified without queueing; a wrong one is queued', async () => {
  const hasher = openHasher({ ...cheap, atOnce: 1 });
  const hash = await hasher.hash(password);
  hasher.learn(password, hash);
  const flood = Array.from({ length: 17 }, () => hasher.verify('wrong', hash));
  assert.equal(await hasher.verify(password, hash), true);
  await assert.rejects(hasher.verify('wrong', hash), { status: 503 });
  assert.deepEqual(new Set(await Promise.all(flood)), new Set([false]));
});
