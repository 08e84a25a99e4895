-- u8sync 最小权限脚本：u8sync_r 只读，ERP\u8sync_w$ 可读并可写入映射文件指定的列。
-- 由数据库管理员审阅后运行（SQL Server 2008 R2 及以上），可重复运行。
-- Least privilege for u8sync: u8sync_r reads; ERP\u8sync_w$ reads, and writes the columns that the mapping names.
-- For an administrator of the server to read and to run (SQL Server 2008 R2 and later); it may be run again.

USE [master];
GO
-- 将 <...> 替换为新密码，如 N'...'。 Put a new password in the place of <...>, such as N'...'.
IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE name = N'u8sync_r')
  CREATE LOGIN [u8sync_r] WITH PASSWORD = <N'password'>, CHECK_POLICY = ON;
GO
IF NOT EXISTS (SELECT 1 FROM sys.server_principals WHERE name = N'ERP\u8sync_w$')
  CREATE LOGIN [ERP\u8sync_w$] FROM WINDOWS;
GO

USE [UFDATA_001_2019];
GO
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'u8sync_r') CREATE USER [u8sync_r] FOR LOGIN [u8sync_r];
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'ERP\u8sync_w$') CREATE USER [ERP\u8sync_w$] FOR LOGIN [ERP\u8sync_w$];
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'u8sync_reader_role') CREATE ROLE [u8sync_reader_role];
EXEC sp_addrolemember N'u8sync_reader_role', N'u8sync_r';
EXEC sp_addrolemember N'u8sync_reader_role', N'ERP\u8sync_w$';
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'u8sync_writer_role') CREATE ROLE [u8sync_writer_role];
EXEC sp_addrolemember N'u8sync_writer_role', N'ERP\u8sync_w$';
IF SCHEMA_ID(N'u8sync') IS NULL EXEC(N'CREATE SCHEMA [u8sync]');
IF OBJECT_ID(N'[u8sync].[receipt]') IS NULL
  CREATE TABLE [u8sync].[receipt] ([op_id] varchar(64) NOT NULL PRIMARY KEY, [cCusCode] nvarchar(20) NULL);
GRANT SELECT ON OBJECT::[dbo].[Customer] ([cCusCode], [cCusDefine5], [cCusMngTypeCode], [cCusName], [dEndDate], [pubufts]) TO [u8sync_reader_role];
GRANT VIEW DEFINITION ON OBJECT::[dbo].[Customer] TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[UserDef_Base]', N'bArchive') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[UserDef_Base] ([bArchive], [cID], [cItemName], [cRelArchive], [iLength]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[UserDefine]', N'cID') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[UserDefine] ([cID], [cValue]) TO [u8sync_reader_role];
GRANT SELECT ON OBJECT::[dbo].[SaleBillVouch] ([SBVID], [cChecker], [cCusCode], [dDate]) TO [u8sync_reader_role];
GRANT SELECT ON OBJECT::[dbo].[SaleBillVouchs] ([SBVID], [iNatMoney]) TO [u8sync_reader_role];
GRANT SELECT ON OBJECT::[dbo].[SO_SOMain] ([cCusCode], [cVerifier], [dDate]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[SaleBillVouch]', N'cInvalider') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[SaleBillVouch] ([cInvalider]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[SaleBillVouch]', N'bFirst') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[SaleBillVouch] ([bFirst]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[SaleBillVouch]', N'bReturnFlag') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[SaleBillVouch] ([bReturnFlag]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[SO_SOMain]', N'bReturnFlag') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[SO_SOMain] ([bReturnFlag]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[IA_Subsidiary]', N'bRdFlag') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[IA_Subsidiary] ([bRdFlag], [bSale], [cCusCode], [iAOutPrice], [iMonth], [iYear]) TO [u8sync_reader_role];
IF OBJECT_ID(N'[dbo].[IA_Subsidiary]') IS NULL AND COL_LENGTH(N'[dbo].[rdrecord32]', N'ID') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[rdrecord32] ([ID], [bRdFlag], [cCusCode], [cHandler], [cVouchType], [dDate]) TO [u8sync_reader_role];
IF OBJECT_ID(N'[dbo].[IA_Subsidiary]') IS NULL AND COL_LENGTH(N'[dbo].[rdrecords32]', N'ID') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[rdrecords32] ([ID], [iPrice]) TO [u8sync_reader_role];
IF OBJECT_ID(N'[dbo].[IA_Subsidiary]') IS NULL AND OBJECT_ID(N'[dbo].[rdrecord32]') IS NULL AND COL_LENGTH(N'[dbo].[RdRecord]', N'ID') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[RdRecord] ([ID], [bRdFlag], [cCusCode], [cHandler], [cVouchType], [dDate]) TO [u8sync_reader_role];
IF OBJECT_ID(N'[dbo].[IA_Subsidiary]') IS NULL AND OBJECT_ID(N'[dbo].[rdrecord32]') IS NULL AND COL_LENGTH(N'[dbo].[RdRecords]', N'ID') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[RdRecords] ([ID], [iPrice]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[AccInformation]', N'cName') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[AccInformation] ([cName], [cSysID], [cValue]) TO [u8sync_reader_role];
GRANT UPDATE ON OBJECT::[dbo].[Customer] ([cCusDefine5]) TO [u8sync_writer_role];
IF COL_LENGTH(N'[dbo].[Customer]', N'cModifyPerson') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[Customer] ([cModifyPerson], [dModifyDate]) TO [u8sync_writer_role];
IF COL_LENGTH(N'[dbo].[Customer]', N'cModifyPerson') IS NOT NULL
  GRANT UPDATE ON OBJECT::[dbo].[Customer] ([cModifyPerson], [dModifyDate]) TO [u8sync_writer_role];
GRANT SELECT ON OBJECT::[u8sync].[receipt] TO [u8sync_writer_role];
GRANT INSERT ON OBJECT::[u8sync].[receipt] TO [u8sync_writer_role];
GO

USE [UFDATA_001_2015];
GO
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'u8sync_r') CREATE USER [u8sync_r] FOR LOGIN [u8sync_r];
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'ERP\u8sync_w$') CREATE USER [ERP\u8sync_w$] FOR LOGIN [ERP\u8sync_w$];
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'u8sync_reader_role') CREATE ROLE [u8sync_reader_role];
EXEC sp_addrolemember N'u8sync_reader_role', N'u8sync_r';
EXEC sp_addrolemember N'u8sync_reader_role', N'ERP\u8sync_w$';
GRANT SELECT ON OBJECT::[dbo].[SaleBillVouch] ([SBVID], [cChecker], [cCusCode], [dDate]) TO [u8sync_reader_role];
GRANT SELECT ON OBJECT::[dbo].[SaleBillVouchs] ([SBVID], [iNatMoney]) TO [u8sync_reader_role];
GRANT SELECT ON OBJECT::[dbo].[SO_SOMain] ([cCusCode], [cVerifier], [dDate]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[SaleBillVouch]', N'cInvalider') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[SaleBillVouch] ([cInvalider]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[SaleBillVouch]', N'bFirst') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[SaleBillVouch] ([bFirst]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[SaleBillVouch]', N'bReturnFlag') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[SaleBillVouch] ([bReturnFlag]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[SO_SOMain]', N'bReturnFlag') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[SO_SOMain] ([bReturnFlag]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[IA_Subsidiary]', N'bRdFlag') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[IA_Subsidiary] ([bRdFlag], [bSale], [cCusCode], [iAOutPrice], [iMonth], [iYear]) TO [u8sync_reader_role];
IF OBJECT_ID(N'[dbo].[IA_Subsidiary]') IS NULL AND COL_LENGTH(N'[dbo].[rdrecord32]', N'ID') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[rdrecord32] ([ID], [bRdFlag], [cCusCode], [cHandler], [cVouchType], [dDate]) TO [u8sync_reader_role];
IF OBJECT_ID(N'[dbo].[IA_Subsidiary]') IS NULL AND COL_LENGTH(N'[dbo].[rdrecords32]', N'ID') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[rdrecords32] ([ID], [iPrice]) TO [u8sync_reader_role];
IF OBJECT_ID(N'[dbo].[IA_Subsidiary]') IS NULL AND OBJECT_ID(N'[dbo].[rdrecord32]') IS NULL AND COL_LENGTH(N'[dbo].[RdRecord]', N'ID') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[RdRecord] ([ID], [bRdFlag], [cCusCode], [cHandler], [cVouchType], [dDate]) TO [u8sync_reader_role];
IF OBJECT_ID(N'[dbo].[IA_Subsidiary]') IS NULL AND OBJECT_ID(N'[dbo].[rdrecord32]') IS NULL AND COL_LENGTH(N'[dbo].[RdRecords]', N'ID') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[RdRecords] ([ID], [iPrice]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[AccInformation]', N'cName') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[AccInformation] ([cName], [cSysID], [cValue]) TO [u8sync_reader_role];
GO

USE [UFSystem];
GO
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'u8sync_r') CREATE USER [u8sync_r] FOR LOGIN [u8sync_r];
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'ERP\u8sync_w$') CREATE USER [ERP\u8sync_w$] FOR LOGIN [ERP\u8sync_w$];
IF NOT EXISTS (SELECT 1 FROM sys.database_principals WHERE name = N'u8sync_reader_role') CREATE ROLE [u8sync_reader_role];
EXEC sp_addrolemember N'u8sync_reader_role', N'u8sync_r';
EXEC sp_addrolemember N'u8sync_reader_role', N'ERP\u8sync_w$';
IF COL_LENGTH(N'[dbo].[UA_Account]', N'cAcc_Id') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[UA_Account] ([cAcc_Id], [cAcc_Name]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[UA_AccountDatabase]', N'cAcc_Id') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[UA_AccountDatabase] ([cAcc_Id], [cDatabase], [iBeginYear], [iEndYear]) TO [u8sync_reader_role];
IF COL_LENGTH(N'[dbo].[UA_Period]', N'cAcc_Id') IS NOT NULL
  GRANT SELECT ON OBJECT::[dbo].[UA_Period] ([cAcc_Id], [dBegin], [iYear]) TO [u8sync_reader_role];
GO
