# The service alone; PostgreSQL comes from outside (see docker-compose.yml).
FROM mcr.microsoft.com/dotnet/sdk:10.0 AS build
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props .editorconfig ./
COPY src/ src/
# Exactly the packages of the lock files, or none.
RUN dotnet restore src/Ledger.Api/Ledger.Api.csproj -p:LockedRestore=true
RUN dotnet publish src/Ledger.Api/Ledger.Api.csproj -c Release --no-restore -p:UseAppHost=false -o /app

FROM mcr.microsoft.com/dotnet/aspnet:10.0
WORKDIR /app
COPY --from=build /app ./
COPY build/ready.sh ./
ENV ASPNETCORE_ENVIRONMENT=Production \
    ASPNETCORE_URLS=http://+:5080 \
    DOTNET_EnableDiagnostics=0
EXPOSE 5080
# The account without rights that the base image brings.
USER $APP_UID
HEALTHCHECK --interval=10s --timeout=6s --start-period=60s --retries=3 CMD ["/app/ready.sh"]
ENTRYPOINT ["dotnet", "Ledger.Api.dll"]
