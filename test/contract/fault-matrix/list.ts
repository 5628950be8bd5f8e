/** The fault matrix: id of the cell, kind of fault, target. */
export interface Cell {
  readonly id: string;
  readonly fault: string;
  readonly target: string;
}

const rows = `
  K01 | process kill | api
  K02 | process kill | api
  K03 | process kill | scheduler
  K04 | process kill | conductor
  K05 | process kill | agent
  K06 | process kill | agent
  K07 | process kill | agent
  K08 | process kill | agent
  K09 | process kill | agent
  K10 | process kill | agent
  K11 | process kill | network agent
  K12 | process kill | api
  K13 | process kill | agent
  K14 | process kill | agent
  K15 | process kill | agent
  K16 | process kill | agent
  K17 | process kill | conductor
  K18 | process kill | api
  K19 | process kill | block service
  K20 | process kill | agent
  K21 | process kill | agent
  K22 | process kill | agent
  K23 | process kill | agent
  K24 | process kill | block service
  K25 | process kill | block service
  K26 | process kill | agent
  K27 | process kill | agent
  K28 | process kill | image service
  K29 | process kill | image service
  K30 | process kill | source agent
  K31 | process kill | source agent
  K32 | process kill | destination agent
  K33 | process kill | api
  K34 | process kill | api
  K35 | process kill | source agent
  K36 | process kill | source agent
  K37 | process kill | destination agent
  K38 | process kill | source agent
  K39 | process kill | conductor
  K40 | process kill | block service
  K41 | process kill | block service
  K42 | process kill | block service
  K43 | process kill | block service
  K44 | process kill | block service
  K45 | process kill | block service
  K46 | process kill | block service
  K47 | process kill | image service
  K48 | process kill | image service
  K49 | process kill | proxy
  K50 | process kill | proxy
  K51 | process kill | object server
  K52 | process kill | object server
  K53 | process kill | container server
  K54 | process kill | proxy
  K55 | process kill | api
  K56 | process kill | network agent
  K57 | process kill | L3 agent
  K58 | process kill | DHCP agent
  K59 | process kill | identity
  K60 | process kill | identity
  K61 | process kill | identity
  K62 | process kill | every service in turn, idle
  K63 | process kill | every service in turn, under mixed load
  K64 | process kill | all services at once
  K65 | process kill | agent for 5 min with guests running
  K66 | process kill | supervisor/parent with workers alive
  P01 | pause and late wake | agent
  P02 | pause and late wake | scheduler
  P03 | pause and late wake | leader of each singleton job
  P04 | pause and late wake | broker
  P05 | pause and late wake | database
  P06 | pause and late wake | one object server
  P07 | pause and late wake | QEMU of one guest
  B01 | broker | restart (clean)
  B02 | broker | SIGKILL and restart
  B03 | broker | down 5 min
  B04 | broker | queue deleted under a consumer
  B05 | broker | memory/disk alarm blocks publishers
  B06 | broker | one of three nodes lost
  B07 | broker | minority partition
  B08 | broker | connection half-open (no RST)
  B09 | broker | TLS certificate expired/rotated
  B10 | broker | user password rotated
  B11 | broker | consumer ack timeout hit by a long task
  M01 | message | duplicate each message x2
  M02 | message | reorder within 2 s
  M03 | message | delay 1 % by 90 s (past the reply timeout)
  M04 | message | drop 1 % of casts
  M05 | message | drop 1 % of replies
  M06 | message | message of an older/newer schema version
  M07 | message | message with a bad signature/replayed 10 min later
  M08 | message | 16 MiB message
  M09 | message | malformed JSON / unknown method
  D01 | database | restart (clean)
  D02 | database | SIGKILL and restart
  D03 | database | down 60 s
  D04 | database | failover to another node, old one read-only (1290/1836)
  D05 | database | deadlock 1213 / lock wait 1205 on 5 % of commits
  D06 | database | connection killed between statements
  D07 | database | commit answered by a lost connection (unknown outcome)
  D08 | database | pool exhausted by slow queries
  D09 | database | replica lag 5 s on reads
  D10 | database | Galera: two writers update one row
  D11 | database | Galera: all nodes killed within 1 s
  D12 | database | Galera: minority node partitioned
  D13 | database | disk full on database host
  D14 | database | schema migration killed half way
  D15 | database | SQLite: SQLITE_BUSY / locked
  D16 | database | SQLite: process killed in WAL commit
  D17 | database | SQLite: disk full, then freed
  D18 | database | SQLite: file corrupted (flip 1 byte)
  N01 | network | agent <-> control plane cut, 60 s
  N02 | network | agent <-> control plane cut, 10 min
  N03 | network | one-way cut (agent can send, not hear)
  N04 | network | agent <-> storage cut
  N05 | network | source <-> destination cut
  N06 | network | control plane <-> one object node cut
  N07 | network | two of three object nodes cut
  N08 | network | 1 % and 30 % loss
  N09 | network | 200 ms added latency / 256 kbit/s
  N10 | network | reset of every connection each 5 s
  N11 | network | DNS fails / wrong address
  N12 | network | agent <-> metadata/DHCP cut
  S01 | storage | ENOSPC on image staging
  S02 | storage | ENOSPC on agent instance dir
  S03 | storage | ENOSPC on agent image cache
  S04 | storage | ENOSPC on LVM pool / thin metadata
  S05 | storage | ENOSPC on object device
  S06 | storage | ENOSPC on container database
  S07 | storage | ENOSPC on log partition
  S08 | storage | ENOSPC on temp dir
  S09 | storage | inodes used up on object device
  S10 | storage | EIO on write on object device
  S11 | storage | EIO on read on object device
  S12 | storage | EIO on fsync on object device
  S13 | storage | EIO on fsync on SQLite control database
  S14 | storage | EIO on read on image store file
  S15 | storage | EIO on guest volume (QEMU werror/rerror=stop|report)
  S16 | storage | EIO on LVM physical volume
  S17 | storage | remounted read-only on object device
  S18 | storage | remounted read-only on agent state dir
  S19 | storage | device vanishes (unmounted) on object device
  S20 | storage | slow disk 1 MB/s on object device
  S21 | storage | slow disk, 5 s stalls on SQLite control database
  S22 | storage | slow disk on image store
  S23 | storage | short write / torn last block at kill on object file, ring file, key file, config file
  R01 | bit rot | object body byte flipped
  R02 | bit rot | object truncated
  R03 | bit rot | object zero length
  R04 | bit rot | object metadata xattr/etag wrong
  R05 | bit rot | wrong object in the right place
  R06 | bit rot | tombstone lost on one replica (dark data)
  R07 | bit rot | hash cache stale/missing
  R08 | bit rot | container database row lost on one replica
  R09 | bit rot | container database corrupted
  R10 | bit rot | account database corrupted
  R11 | bit rot | ring file corrupted
  R12 | bit rot | image file byte flipped
  R13 | bit rot | image base in the agent cache flipped
  R14 | bit rot | volume backup chunk flipped
  R15 | bit rot | TLS/JWS key file truncated
  C01 | clock | +10 min step on one api node
  C02 | clock | -10 min step on one api node
  C03 | clock | +10 min step on agent
  C04 | clock | +1 h on one object node
  C05 | clock | -1 h on one object proxy
  C06 | clock | leap/DST/TZ change on all
  C07 | clock | drift 2x on agent
  C08 | clock | monotonic vs wall jump on leader lease holder
  W01 | power loss | compute node
  W02 | power loss | compute node
  W03 | power loss | control node (one box)
  W04 | power loss | control node (one box)
  W05 | power loss | one storage node
  W06 | power loss | one storage node
  W07 | power loss | two of three storage nodes
  W08 | power loss | two of three storage nodes
  W09 | power loss | all nodes at once
  W10 | power loss | all nodes at once
  Q01 | resource end | object device full to fallocate reserve
  Q02 | resource end | hypervisor out of memory (guest OOM)
  Q03 | resource end | agent out of file handles
  Q04 | resource end | API out of file handles
  Q05 | resource end | process at pid limit
  Q06 | resource end | one worker event loop blocked 10 s
  Q07 | resource end | heap near limit
  U01 | upgrade and stop | rolling restart of every service under load
  U02 | upgrade and stop | old agent with new control plane
  U03 | upgrade and stop | new agent with old control plane
  U04 | upgrade and stop | schema expand with old code running
  U05 | upgrade and stop | config with unknown/bad option
  U06 | upgrade and stop | graceful stop with requests in flight
`;

export const cells: readonly Cell[] = rows
  .trim()
  .split('\n')
  .map((row) => {
    const [id = '', fault = '', target = ''] = row.split('|').map((part) => part.trim());
    return { id, fault, target };
  });
