/** Ways in which QEMU can be told of another place. */
export const references: Readonly<Record<string, (secret: string) => string>> = {
  'an absolute path': (secret) => secret,
  'a relative path': (secret) => `../../../../../../../..${secret}`,
  'a file: name': (secret) => `file:${secret}`,
  'a json: name of a raw file': (secret) => `json:{"driver":"raw","file":{"driver":"file","filename":"${secret}"}}`,
  'a json: name of a part of itself': () =>
    `json:{'driver':'vmdk','file':{'driver':'raw','offset':102400,'size':10240,'file':{'driver':'file','filename':'/proc/self/fd/3'}}}`,
  'a descriptor of the process': () => '/proc/self/fd/3',
  'a folder as FAT': (secret) => `fat:rw:${secret.replace(/\/[^/]*$/, '')}`,
  'blkdebug:': (secret) => `blkdebug::${secret}`,
  'blkverify:': (secret) => `blkverify:${secret}:${secret}`,
  'an NBD server': () => 'nbd://127.0.0.1:10809/secret',
  'an NBD socket': () => 'nbd:unix:/run/secret.sock',
  'an HTTP server': () => 'http://169.254.169.254/openstack/latest/user_data',
  'an FTP server': () => 'ftp://127.0.0.1/secret',
  'an SSH server': () => 'ssh://root@127.0.0.1/etc/passwd',
  'an iSCSI portal': () => 'iscsi://127.0.0.1:3260/iqn.2010-10.org.openstack:volume-1/1',
  'a disk of the host': () => 'host_device:/dev/sda',
};
