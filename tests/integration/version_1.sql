-- A database of the tables' first version, as the server of that time left it when it was killed: graph 1 ended with
-- values, a name and a failed op; graph 2 (written here) has one op that a contributor was computing.
BEGIN TRANSACTION;
CREATE TABLE assignment (
    id INTEGER NOT NULL,
    subgraph_id INTEGER NOT NULL,
    life TEXT NOT NULL,
    state TEXT NOT NULL,
    predicted_s FLOAT NOT NULL,
    exec_s FLOAT,
    assigned_at FLOAT NOT NULL,
    ended_at FLOAT,
    reason TEXT,
    PRIMARY KEY (id),
    CONSTRAINT state_is_known CHECK (state = 'live' OR state = 'committed' OR state = 'void'),
    CONSTRAINT ended_has_a_time CHECK ((state = 'live') = (ended_at IS NULL)),
    FOREIGN KEY(subgraph_id) REFERENCES subgraph (id) ON DELETE CASCADE,
    FOREIGN KEY(life) REFERENCES contributor (life)
);
INSERT INTO "assignment" VALUES(1,1,'ca9566370b705e140797f5514f96fea1','committed',0.000405256344947702,8.61909998093324247747e-05,1.7955393462898716927e+09,1.79553934655515313144e+09,NULL);
INSERT INTO "assignment" VALUES(2,2,'ca9566370b705e140797f5514f96fea1','committed',4.02710560138075379654e-04,7.2364999596175039187e-05,1.79553934656064987187e+09,1.79553934656193828582e+09,NULL);
INSERT INTO "assignment" VALUES(3,3,'ca9566370b705e140797f5514f96fea1','committed',4.02706498334737261757e-04,0.000313665000248875,1.79553934656576967242e+09,1.79553934656879186633e+09,NULL);
CREATE TABLE contributor (
    life TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    speed FLOAT NOT NULL,
    memory_bytes INTEGER NOT NULL,
    cores INTEGER NOT NULL,
    numeric_class TEXT NOT NULL,
    versions TEXT NOT NULL,
    joined_at FLOAT NOT NULL,
    ended_at FLOAT,
    PRIMARY KEY (life),
    CONSTRAINT state_is_known CHECK (state = 'present' OR state = 'left' OR state = 'lost'),
    CONSTRAINT ended_has_a_time CHECK ((state = 'present') = (ended_at IS NULL))
);
INSERT INTO "contributor" VALUES('ca9566370b705e140797f5514f96fea1','ann','present',7.79211493965964563379e-01,24305016832,2,'454941b58a9db102','{"python":"3.11.7","numpy":"2.4.6","msgspec":"0.22.0","platform":"Linux-6.18.44-fc-v657-x86_64-with-glibc2.36"}',1.79553934628964257237e+09,NULL);
CREATE TABLE data (
    id INTEGER NOT NULL,
    graph_id INTEGER NOT NULL,
    ops BLOB NOT NULL,
    layout BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    body BLOB,
    PRIMARY KEY (id),
    FOREIGN KEY(graph_id) REFERENCES graph (id) ON DELETE CASCADE
);
INSERT INTO "data" VALUES(1,1,X'0000000001000000','{}',56,'a65e505c72982095409e33ccf0b9f882d69bf83d11a5ddd9d13d84d3b86bf7fd',X'000000000000F03F000000000000004000000000000008400100000000000000020000000000000003000000000000000400000000000000');
INSERT INTO "data" VALUES(2,1,X'03000000','{}',24,'6087fd72eebdb9fcbc31822fee5f72efc4f2c5096ae125bba9dd0b5df4701393',X'000000000000004000000000000018400000000000002840');
INSERT INTO "data" VALUES(3,1,X'04000000','{}',32,'cdb192d28cc214cc1e3bd9ea3425292b8db4f92312fc090e38df9528d4c44700',X'0100000000000000030000000000000002000000000000000400000000000000');
INSERT INTO "data" VALUES(4,1,X'05000000','{}',32,'c914e8188e43fff1c96e25283e15b252af0d9f39b469f2d1518915802c756d18',X'000000000000F03F000000000000F03F000000000000F03F000000000000F03F');
CREATE TABLE graph (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT,
    algorithm TEXT,
    approach TEXT NOT NULL,
    developer TEXT NOT NULL,
    state TEXT NOT NULL,
    created_at FLOAT NOT NULL,
    CONSTRAINT state_is_known CHECK (state = 'open' OR state = 'ended' OR state = 'computed' OR state = 'failed' OR state = 'cancelled')
);
INSERT INTO "graph" VALUES(1,'old',NULL,'distributed','','failed',1.79553934537514686591e+09);
CREATE TABLE op (
    graph_id INTEGER NOT NULL,
    op INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    site INTEGER NOT NULL,
    operands BLOB NOT NULL,
    out_types BLOB NOT NULL,
    state TEXT NOT NULL,
    name TEXT,
    cause INTEGER,
    reason TEXT,
    PRIMARY KEY (graph_id, op),
    CONSTRAINT state_is_known CHECK (state = 'pending' OR state = 'computed' OR state = 'failed' OR state = 'cancelled'),
    CONSTRAINT failed_has_a_reason CHECK ((state = 'failed') = (reason IS NOT NULL)),
    FOREIGN KEY(graph_id) REFERENCES graph (id) ON DELETE CASCADE
)
 WITHOUT ROWID

;
INSERT INTO "op" VALUES(1,0,0,0,X'',X'00000000','computed',NULL,NULL,NULL);
INSERT INTO "op" VALUES(1,1,1,0,X'',X'01000000','computed',NULL,NULL,NULL);
INSERT INTO "op" VALUES(1,2,2,1,X'0000000000000000FFFFFFFF00000000',X'00000000','computed',NULL,NULL,NULL);
INSERT INTO "op" VALUES(1,3,3,1,X'02000000000000000000000000000000',X'00000000','computed','kept',NULL,NULL);
INSERT INTO "op" VALUES(1,4,4,2,X'0100000000000000',X'01000000','computed',NULL,NULL,NULL);
INSERT INTO "op" VALUES(1,5,5,3,X'',X'02000000','computed',NULL,NULL,NULL);
INSERT INTO "op" VALUES(1,6,6,3,X'0500000000000000',X'02000000','failed',NULL,6,'LinAlgError: Singular matrix');
CREATE TABLE persisted (
    developer TEXT NOT NULL,
    name TEXT NOT NULL,
    graph_id INTEGER NOT NULL,
    op INTEGER NOT NULL,
    PRIMARY KEY (developer, name),
    FOREIGN KEY(graph_id, op) REFERENCES op (graph_id, op) ON DELETE CASCADE
);
INSERT INTO "persisted" VALUES('','kept',1,3);
CREATE TABLE schema_version (
    version INTEGER NOT NULL,
    PRIMARY KEY (version)
);
INSERT INTO "schema_version" VALUES(1);
CREATE TABLE subgraph (
    id INTEGER NOT NULL,
    graph_id INTEGER NOT NULL,
    ops BLOB NOT NULL,
    state TEXT NOT NULL,
    PRIMARY KEY (id),
    CONSTRAINT state_is_known CHECK (state = 'computing' OR state = 'computed' OR state = 'returned'),
    FOREIGN KEY(graph_id) REFERENCES graph (id) ON DELETE CASCADE
);
INSERT INTO "subgraph" VALUES(1,1,X'0200000003000000','computed');
INSERT INTO "subgraph" VALUES(2,1,X'04000000','computed');
INSERT INTO "subgraph" VALUES(3,1,X'06000000','computed');
CREATE TABLE symbol (
    graph_id INTEGER NOT NULL,
    sort TEXT NOT NULL,
    number INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (graph_id, sort, number),
    CONSTRAINT sort_is_known CHECK (sort IN ('kind', 'type', 'site', 'literal')),
    FOREIGN KEY(graph_id) REFERENCES graph (id) ON DELETE CASCADE
);
INSERT INTO "symbol" VALUES(1,'kind',0,'["data", {"shape": [3], "dtype": "float64"}]');
INSERT INTO "symbol" VALUES(1,'kind',1,'["data", {"shape": [2, 2], "dtype": "int64"}]');
INSERT INTO "symbol" VALUES(1,'kind',2,'["add", {}]');
INSERT INTO "symbol" VALUES(1,'kind',3,'["multiply", {}]');
INSERT INTO "symbol" VALUES(1,'type',0,'["float64", [3]]');
INSERT INTO "symbol" VALUES(1,'type',1,'["int64", [2, 2]]');
INSERT INTO "symbol" VALUES(1,'site',0,'["script.py", 4]');
INSERT INTO "symbol" VALUES(1,'site',1,'["script.py", 5]');
INSERT INTO "symbol" VALUES(1,'literal',0,'1');
INSERT INTO "symbol" VALUES(1,'kind',4,'["transpose", {"axes": null}]');
INSERT INTO "symbol" VALUES(1,'site',2,'["script.py", 7]');
INSERT INTO "symbol" VALUES(1,'kind',5,'["data", {"shape": [2, 2], "dtype": "float64"}]');
INSERT INTO "symbol" VALUES(1,'kind',6,'["inv", {}]');
INSERT INTO "symbol" VALUES(1,'type',2,'["float64", [2, 2]]');
INSERT INTO "symbol" VALUES(1,'site',3,'["script.py", 8]');
CREATE INDEX data_of_graph ON data (graph_id);
CREATE INDEX subgraph_of_graph ON subgraph (graph_id);
CREATE UNIQUE INDEX one_commit ON assignment (subgraph_id) WHERE state = 'committed';
CREATE INDEX assignment_of_life ON assignment (life);
CREATE INDEX assignment_of_subgraph ON assignment (subgraph_id);
INSERT INTO "graph" VALUES(2,'half',NULL,'distributed','','ended',1795539345.5);
INSERT INTO "op" VALUES(2,0,0,0,X'',X'00000000','computed',NULL,NULL,NULL);
INSERT INTO "op" VALUES(2,1,1,0,X'0000000000000000FFFFFFFF00000000',X'00000000','pending','half',NULL,NULL);
INSERT INTO "data" VALUES(5,2,X'00000000','{}',24,'a68de4b5e96a60c8ceb3c7b7ef93461725bdbbff3516b136585a743b5c0ec664',X'000000000000F03F00000000000000400000000000000840');
INSERT INTO "persisted" VALUES('','half',2,1);
INSERT INTO "symbol" VALUES(2,'kind',0,'["data", {"shape": [3], "dtype": "float64"}]');
INSERT INTO "symbol" VALUES(2,'kind',1,'["add", {}]');
INSERT INTO "symbol" VALUES(2,'type',0,'["float64", [3]]');
INSERT INTO "symbol" VALUES(2,'site',0,'["script.py", 12]');
INSERT INTO "symbol" VALUES(2,'literal',0,'1');
INSERT INTO "subgraph" VALUES(4,2,X'01000000','computing');
INSERT INTO "assignment" VALUES(4,4,'ca9566370b705e140797f5514f96fea1','live',0.0004,NULL,1795539346.5,NULL,NULL);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('graph',2);
COMMIT;
