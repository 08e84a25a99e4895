-- u8sync 检查点表：在服务器 192.0.2.20 上运行，最好不是 U8 所在的服务器；u8sync_anchor 只能添加和读取，不能修改或删除。
-- SQL Server 2022 及以上可在 CREATE TABLE 末尾加 WITH (LEDGER = ON (APPEND_ONLY = ON))。
-- The table of checkpoints: to be run on the server 192.0.2.20, best another one than U8's; u8sync_anchor may add and read,
-- never change or delete. SQL Server 2022 and later: WITH (LEDGER = ON (APPEND_ONLY = ON)) fits after CREATE TABLE.

USE [master];
GO
-- 将 <...> 替换为新密码，如 N'...'。 Put a new password in the place of <...>, such as N'...'.
IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE name = N'u8sync_anchor')
  CREATE LOGIN [u8sync_anchor] WITH PASSWORD = <N'password'>, CHECK_POLICY = ON;
GO

USE [AUDIT];
GO
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'u8sync_anchor') CREATE USER [u8sync_anchor] FOR LOGIN [u8sync_anchor];
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'u8sync_anchor_role') CREATE ROLE [u8sync_anchor_role];
EXEC sp_addrolemember N'u8sync_anchor_role', N'u8sync_anchor';
IF SCHEMA_ID(N'u8sync') IS NULL EXEC(N'CREATE SCHEMA [u8sync]');
IF OBJECT_ID(N'[u8sync].[anchor]') IS NULL
  CREATE TABLE [u8sync].[anchor] ([origin] nvarchar(200) NOT NULL, [size] bigint NOT NULL, [note] nvarchar(4000) NOT NULL, [at] datetime NOT NULL DEFAULT (GETUTCDATE()), PRIMARY KEY ([origin], [size]));
GRANT SELECT ON OBJECT::[u8sync].[anchor] TO [u8sync_anchor_role];
GRANT INSERT ON OBJECT::[u8sync].[anchor] TO [u8sync_anchor_role];
GO
